"""The same in the virtual machine, with cgroups of version 2 alone and project quotas, and with other times: it is slow there.

    in_machine.py [ARGUMENTS OF torture.py]
"""

import pathlib
import shlex
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
    script = SCRIPT.format(program=shlex.quote(str(HERE / "torture.py")), arguments=shlex.join(arguments))
    with machine.workplace("torture") as folder:
        disk = machine.disk(folder, "disk", 4 << 30)
        print("== in the virtual machine, with cgroup v2 and project quotas", flush=True)
        with machine.Guest(folder, script, [disk]) as guest:
            return guest.run(TIME_LIMIT)


sys.exit(main(sys.argv[1:]))
