"""Runs the suites of Tests/EndToEnd in the virtual machine, and says what failed and what was skipped.

An argument takes the place of all suites: a regular expression on the tests' names, as `swift test --filter` has it.
With VERBOSE=1 every line of the tests' output is shown.
"""

import fcntl
import os
import pathlib
import re
import shlex
import shutil
import signal
import sys
import time

import machine

TIME_LIMIT = 40 * 60
# What depends on the file system, and so runs on xfs too.
DISK_SUITES = ["DiskTests", "HostileTreesTests", "OverlayTests", "SnapshotTests"]
# The guest reaches no packages.
ELSEWHERE = {"BuildTests"}
# The second lines of a case whose argument has two are quiet as well.
QUIET = re.compile("◇|✔ Test case|✔ Test [^r]|capabilities: \\[CAP_CHOWN")


def suites():
    folder = machine.PACKAGE / "Tests" / "EndToEnd"
    return sorted({path.stem for path in folder.rglob("*Tests.swift")} - ELSEWHERE)


def script(chosen, on_disk):
    names = {"package": machine.PACKAGE, "bundle": machine.PACKAGE / ".build/debug/alt-processingPackageTests.xctest"}
    names |= {"suites": chosen, "disk_suites": on_disk}
    variables = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in names.items())
    return variables + (machine.HERE / "sandbox-suites.sh").read_text()


def disk(folder, name, size):
    """An image that takes no room until it is written to."""
    with open(folder / name, "wb") as image:
        image.truncate(size)
    return name


def run(folder, text):
    """Returns the exit status and what was skipped."""
    skipped = []
    with machine.Guest(folder, text, [disk(folder, "ext4", 8 << 30), disk(folder, "xfs", 8 << 30)]) as guest:
        try:
            for line in guest.lines(TIME_LIMIT):
                if line.startswith("➜ ") and "skipped" in line:
                    skipped.append(line)
                elif os.environ.get("VERBOSE") or not QUIET.match(line):
                    print(line, flush=True)
            return guest.status(), skipped
        except machine.MachineError as error:
            raise machine.MachineError(f"{error}\n{guest.ends()}") from None


def main(arguments):
    chosen = arguments[0] if arguments else "EndToEnd/(" + "|".join(suites()) + ")/"
    on_disk = arguments[0] if arguments else "EndToEnd/(" + "|".join(DISK_SUITES) + ")/"
    machine.CACHE.mkdir(parents=True, exist_ok=True)
    lock = open(machine.CACHE / "lock", "w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sys.exit("another run has the virtual machine of this package")
    folder = machine.CACHE / "machine"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    start = time.monotonic()
    # Ends the machine and clears up, as an interruption does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        status, skipped = run(folder, script(chosen, on_disk))
    except machine.MachineError as error:
        print(f"== FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"== {len(skipped)} skipped, in {time.monotonic() - start:.0f} s")
    for line in skipped:
        print(f"   {line}")
    if status != 0:
        print("== FAILED", file=sys.stderr)
    return 1 if status else 0


sys.exit(main(sys.argv[1:]))
