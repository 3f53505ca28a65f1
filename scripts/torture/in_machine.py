"""The same in the virtual machine, with cgroups of version 2 alone and project quotas, and with other times: it is slow there.

    in_machine.py [ARGUMENTS OF torture.py]
"""

import fcntl
import pathlib
import shlex
import shutil
import signal
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))

import machine  # noqa: E402

TIME_LIMIT = 20 * 60
SCRIPT = """
mkdir -p /run/disk
mke2fs -q -t ext4 -O quota,project -E quotatype=prjquota /dev/vda && mount -o prjquota /dev/vda /run/disk || exit 1
exec /usr/bin/python3 -B {program} --below /run/disk {arguments} 2>&1
"""


def main(arguments):
    machine.CACHE.mkdir(parents=True, exist_ok=True)
    lock = open(machine.CACHE / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another run has the virtual machine of this package")
    folder = machine.CACHE / "torture"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with open(folder / "disk", "wb") as disk:
        disk.truncate(4 << 30)
    print("== in the virtual machine, with cgroup v2 and project quotas", flush=True)
    script = SCRIPT.format(program=shlex.quote(str(HERE / "torture.py")), arguments=shlex.join(arguments))
    try:
        with machine.Guest(folder, script, ["disk"]) as guest:
            try:
                for line in guest.lines(TIME_LIMIT):
                    print(line, flush=True)
                return guest.status()
            except machine.MachineError as error:
                print(f"== FAILED: {error}\n{guest.ends()}", file=sys.stderr)
                return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)


sys.exit(main(sys.argv[1:]))
