# Runs in the guest: the suites of sandboxes, with the folders that tests make on a disk of each kind that has project quotas.
# Before it stand the variables `package`, `bundle`, `suites`, `disk_suites`.
set -u
cd "$package" || exit 1
failed=0
export ALTP_TEST_PROJECT_QUOTA=1

run() {
    echo "== $1"
    "$bundle" --testing-library swift-testing --filter "$2" || failed=1
}

mke2fs -q -t ext4 -O quota,project -E quotatype=prjquota /dev/vda && mount -o prjquota /dev/vda /var/tmp || exit 1
chmod 1777 /var/tmp
run "Linux $(uname -r), cgroup v2, ext4 with project quotas" "$suites"
umount /var/tmp || { echo "something still holds /var/tmp"; failed=1; umount -l /var/tmp; }

mkfs.xfs -q /dev/vdb && mount -o prjquota /dev/vdb /var/tmp || exit 1
chmod 1777 /var/tmp
run "Linux $(uname -r), cgroup v2, xfs with project quotas" "$disk_suites"
umount /var/tmp || { echo "something still holds /var/tmp"; failed=1; }
exit "$failed"
