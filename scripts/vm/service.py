"""Installs the package into a virtual machine whose first process is systemd, and tests the service there.

An argument is the folder of the executables, instead of .build/release.
"""

import os
import pathlib
import shlex
import sys
import time

import machine

TIME_LIMIT = 20 * 60


def main(arguments):
    built = pathlib.Path(arguments[0] if arguments else machine.PACKAGE / ".build/release").resolve()
    start = time.monotonic()
    with machine.workplace("service") as folder:
        # As a package's build does it: the guest takes over what lies there.
        installed = folder / "installed"
        machine.run(
            machine.PACKAGE / "scripts/install", built, "/usr/local", env=os.environ | {"DESTDIR": str(installed)})
        script = f"installed={shlex.quote(str(installed))}\n" + (machine.HERE / "service.sh").read_text()
        (folder / "machine").mkdir()
        disk = machine.disk(folder / "machine", "disk", 2 << 30)
        with machine.Guest(folder / "machine", script, [disk], systemd=True) as guest:
            status = guest.run(TIME_LIMIT)
    print(f"== {'FAILED' if status else 'passed'}, in {time.monotonic() - start:.0f} s")
    return 1 if status else 0


sys.exit(main(sys.argv[1:]))
