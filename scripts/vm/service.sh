# Runs in the guest, as a service of systemd's: the Launcher's own service, as it is installed.
# Before it stands the variable `installed`: what make install wrote, with DESTDIR.
set -u
export SYSTEMD_COLORS=0
group=/sys/fs/cgroup/altp.slice/altp-sandboxes.service

test_() { printf '== %s\n' "$1"; }
# The first failure is the last: what comes after it would fail of it.
fail() {
    printf 'FAILED: %s\n' "$1"
    systemctl --no-pager --full status altp-launcher altp-sandboxes | head -40
    journalctl --no-pager -o cat -u altp-launcher | tail -40
    exit 1
}
expect() { [ "$2" = "$3" ] || fail "$1: expected $3, got $2"; }
eventually() {
    what=$1 seconds=$2
    shift 2
    local end=$((SECONDS + seconds))
    while [ "$SECONDS" -lt "$end" ]; do
        "$@" && return 0
        sleep 0.2
    done
    fail "waited $seconds s in vain: $what"
}

state() { systemctl show -P ActiveState "$1"; }
main() { systemctl show -P MainPID altp-launcher; }
# All that runs in the sandboxes, their pid 1s too.
sandboxed() { find "$group/altp" "$group/supervisors" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -n | tr '\n' ' '; }
# The Scripts' shells and their pid 1s, each with the time of its start, which tells it from another of that number. The server
# that makes pid 1s is in no pid namespace of its own, and ends with the Launcher.
scripts() {
    for pid in $(sandboxed); do
        case $(cat "/proc/$pid/comm") in
        sh) ;;
        altp-init) [ "$(grep NSpid "/proc/$pid/status" | wc -w)" -gt 2 ] || continue ;;
        *) continue ;;
        esac
        echo "$pid@$(cut -d ' ' -f 22 "/proc/$pid/stat")"
    done 2>/dev/null | tr '\n' ' '
}
lines() { grep -c "$1\$" /var/tmp/count/lines; }
begun() { [ "$(lines begins)" = "$1" ]; }
statuses() { altp ps --all -o json | python3 -c "import json, sys; print(' '.join(p['status'] for p in sorted(json.load(sys.stdin)['items'], key=lambda p: p['id'])))" 2>/dev/null; }
all_are() { [ "$(statuses)" = "$1" ]; }
answers() { altp ps >/dev/null 2>&1; }

# Starts three chains, and waits until each has said that it runs.
begin() {
    rm -f /var/tmp/count/open
    : >/var/tmp/count/lines
    for _ in 1 2 3; do altp task trigger job >/dev/null || fail "altp task trigger"; done
    eventually "three Scripts run" 60 begun 3
}
# Lets them end, and looks whether each ran once.
finish() {
    touch /var/tmp/count/open
    eventually "all have ended well" 90 all_are "$1"
    expect "$2: Scripts that began" "$(lines begins)" 3
    expect "$2: Scripts that ended" "$(lines ends)" 3
    expect "$2: Scripts after them" "$(lines after)" 3
    expect "$2: Scripts that are left" "$(find "$group/altp" -mindepth 1 -type d)" ""
}

cp -a "$installed/." /
systemd-sysusers
mkdir -p /etc/altp/tasks /etc/altp/policies /var/tmp/count /var/lib/altp
# On a disk of the guest's own, as the state folder of a host: the guest's root has no idmapped mounts.
mkfs.ext4 -q /dev/vda && mount /dev/vda /mnt && mkdir /mnt/count /mnt/state || fail "the guest's disk"
mount --bind /mnt/count /var/tmp/count && mount --bind /mnt/state /var/lib/altp || fail "the guest's disk"
touch /var/tmp/count/lines
chown nobody /var/tmp/count /var/tmp/count/lines
chmod 666 /var/tmp/count/lines
echo 'cpu: 64' >/etc/altp/altp.yaml
cat >/etc/altp/policies/count.yaml <<'END'
limits: {cpu: 0.5, memory: 64M, wall_time: 15m, grace: 1s}
mounts: [{source: /var/tmp/count, target: /count, mode: rw, owner: nobody}]
END
cat >/etc/altp/tasks/job.yaml <<'END'
policy: count
keep: {success: 1h}
scripts:
  - name: work
    run: |
      echo "$ALTP_PROCESSING begins" >>/count/lines
      while [ ! -e /count/open ]; do sleep 0.5; done
      echo "$ALTP_PROCESSING ends" >>/count/lines
  - {name: after, run: 'echo "$ALTP_PROCESSING after" >>/count/lines'}
END
systemctl daemon-reload
systemd-analyze verify altp-launcher.service altp-sandboxes.service altp.slice || fail "systemd-analyze verify"

test_ "start: systemctl returns when the Launcher answers, and its group is there before"
systemctl start altp-launcher || fail "systemctl start"
answers || fail "it is started and does not answer"
expect "the sandboxes' unit" "$(state altp-sandboxes)" active
expect "what it says of itself" "$(systemctl show -P StatusText altp-launcher)" "Serving 1 Task"
getent group altp >/dev/null || fail "there is no group altp"

test_ "readiness: it is not started before it is ready"
systemctl stop altp-launcher
mv /usr/local/bin/altp-launcher /usr/local/bin/altp-launcher.real
printf '#!/bin/sh\nsleep 5\nexec -a /usr/local/bin/altp-launcher /usr/local/bin/altp-launcher.real "$@"\n' |
    sed '1s/sh$/bash/' >/usr/local/bin/altp-launcher
chmod 755 /usr/local/bin/altp-launcher
systemctl start --no-block altp-launcher
sleep 1
expect "while it is not ready" "$(state altp-launcher)" activating
answers && fail "it answers before it is ready"
systemctl start altp-launcher || fail "systemctl start, of a slow one"
answers || fail "it is started and does not answer"
mv /usr/local/bin/altp-launcher.real /usr/local/bin/altp-launcher
systemctl restart altp-launcher || fail "systemctl restart"

test_ "restart: nothing to what runs"
begin
before=$(scripts) launcher=$(main)
expect "shells and pid 1s that run" "$(echo "$before" | wc -w)" 6
systemctl restart altp-launcher || fail "systemctl restart"
[ "$(main)" != "$launcher" ] || fail "the Launcher is the same"
expect "what runs in the sandboxes" "$(scripts)" "$before"
expect "what the Launcher knows of it" "$(statuses)" "running running running"
finish "success success success" restart

test_ "the journal: entries have fields"
expect "starts of 1/work" "$(journalctl -u altp-launcher ALTP_PROCESSING=1 ALTP_SCRIPT=work -o cat | grep -c '^Script starts')" 1
journalctl -u altp-launcher ALTP_PROCESSING=1 -o json | grep -q '"ALTP_OUTCOME":"success"' || fail "its outcome is no field"
expect "entries of another Processing" "$(journalctl -u altp-launcher ALTP_PROCESSING=99 -o cat -q | wc -l)" 0

test_ "update: the executables are replaced while Scripts run"
begin
before=$(scripts)
for name in altp-init altp-launcher altp; do
    cp "/usr/local/bin/$name" "/usr/local/bin/$name.new"
    mv -f "/usr/local/bin/$name.new" "/usr/local/bin/$name"
done
case $(readlink "/proc/$(main)/exe") in *deleted*) ;; *) fail "the old Launcher still has its file" ;; esac
systemctl restart altp-launcher || fail "systemctl restart, after an update"
expect "the new Launcher's file" "$(readlink "/proc/$(main)/exe")" /usr/local/bin/altp-launcher
expect "what runs in the sandboxes" "$(scripts)" "$before"
finish "success success success success success success" update

test_ "kill -9: it is started again, and takes up what runs"
begin
launcher=$(main)
kill -9 "$launcher"
again() { [ "$(main)" != "$launcher" ] && [ "$(main)" != 0 ] && answers; }
eventually "a new Launcher answers" 60 again
finish "success success success success success success success success success" kill

test_ "stop: Scripts go on, and their outcomes are there at the next start"
begin
systemctl stop altp-launcher || fail "systemctl stop"
expect "the Launcher" "$(state altp-launcher)" inactive
expect "the sandboxes' unit" "$(state altp-sandboxes)" active
touch /var/tmp/count/open
ended() { [ "$(lines ends)" = 3 ]; }
eventually "they end without a Launcher" 60 ended
systemctl start altp-launcher || fail "systemctl start"
finish "success success success success success success success success success success success success" stop

test_ "reload: systemctl says what is wrong"
systemctl reload altp-launcher || fail "systemctl reload"
echo 'scripts: [{nam: work}]' >/etc/altp/tasks/broken.yaml
systemctl reload altp-launcher 2>/dev/null && fail "a broken file is no failure of the reload"
answers || fail "it does not answer after a broken reload"
expect "the Launcher after it" "$(state altp-launcher)" active
rm /etc/altp/tasks/broken.yaml
systemctl reload altp-launcher || fail "systemctl reload, of the mended file"

test_ "the sandboxes' unit: its stop ends the Launcher and all Scripts, which are then lost"
begin
systemctl stop altp-sandboxes || fail "systemctl stop altp-sandboxes"
expect "the Launcher" "$(state altp-launcher)" inactive
expect "what runs in the sandboxes" "$(sandboxed)" ""
expect "Scripts that ended" "$(lines ends)" 0
systemctl start altp-launcher || fail "systemctl start"
three_failed() { [ "$(statuses | tr ' ' '\n' | grep -c failed)" = 3 ]; }
eventually "the Processings have failed" 60 three_failed
altp why 13 | grep -q "host went down" || fail "altp why does not say it: $(altp why 13)"
