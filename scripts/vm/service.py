"""Installs the package into a virtual machine whose first process is systemd, and tests the service there.

An argument is the folder of the executables, instead of .build/release.
"""

import fcntl
import os
import pathlib
import shlex
import shutil
import signal
import sys
import time

import machine

TIME_LIMIT = 20 * 60


def main(arguments):
    built = pathlib.Path(arguments[0] if arguments else machine.PACKAGE / ".build/release").resolve()
    folder = machine.CACHE / "service"
    machine.CACHE.mkdir(parents=True, exist_ok=True)
    lock = open(machine.CACHE / "service.lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another run has the virtual machine of this package's service")
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "machine").mkdir(parents=True)
    # Ends the machine and clears up, as an interruption does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    start = time.monotonic()
    try:
        # As a package's build does it: the guest takes over what lies there.
        installed = folder / "installed"
        machine.run(
            machine.PACKAGE / "scripts/install", built, "/usr/local", env=os.environ | {"DESTDIR": str(installed)})
        script = f"installed={shlex.quote(str(installed))}\n" + (machine.HERE / "service.sh").read_text()
        with open(folder / "machine" / "disk", "wb") as disk:
            disk.truncate(2 << 30)
        with machine.Guest(folder / "machine", script, ["disk"], systemd=True) as guest:
            try:
                for line in guest.lines(TIME_LIMIT):
                    print(line, flush=True)
                status = guest.status()
            except machine.MachineError as error:
                raise machine.MachineError(f"{error}\n{guest.ends()}") from None
    except machine.MachineError as error:
        print(f"== FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"== {'FAILED' if status else 'passed'}, in {time.monotonic() - start:.0f} s")
    return 1 if status else 0


sys.exit(main(sys.argv[1:]))
