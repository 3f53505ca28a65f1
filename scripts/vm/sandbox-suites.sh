# Runs in the guest: the suites of sandboxes, with the folders that tests make on a disk of each kind that has project quotas.
# Before it stand the variables `package`, `bundle`, `suites`, `disk_suites`.
set -u
cd "$package" || exit 1
failed=0
export ALTP_TEST_PROJECT_QUOTA=1
# The clock is the machine's own.
export ALTP_TEST_CLOCK=1

run() {
    echo "== $1"
    "$bundle" --testing-library swift-testing --filter "$2" || failed=1
}

# Mounts a disk at /var/tmp, and the package again where that would hide it.
mkdir -p /run/vm/package && mount --bind "$package" /run/vm/package || exit 1
use() {
    mount -o prjquota "$1" /var/tmp && chmod 1777 /var/tmp || exit 1
    case $package in
    /var/tmp/*) mkdir -p "$package" && mount --bind /run/vm/package "$package" && cd "$package" || exit 1 ;;
    esac
}

leave() {
    cd /
    case $package in
    /var/tmp/*) umount "$package" ;;
    esac
    umount /var/tmp || { echo "something still holds /var/tmp"; failed=1; umount -l /var/tmp; }
    cd "$package" || exit 1
}

mke2fs -q -t ext4 -O quota,project -E quotatype=prjquota /dev/vda || exit 1
use /dev/vda
run "Linux $(uname -r), cgroup v2, ext4 with project quotas" "$suites"
leave

mkfs.xfs -q /dev/vdb || exit 1
use /dev/vdb
run "Linux $(uname -r), cgroup v2, xfs with project quotas" "$disk_suites"
leave
exit "$failed"
