"""Runs the suites of Tests/EndToEnd that depend on a kernel in the virtual machine, and says what failed and what was skipped.

An argument takes the place of all suites: a regular expression on the tests' names, as `swift test --filter` has it.
With VERBOSE=1 every line of the tests' output is shown.
"""

import os
import re
import shlex
import sys
import time

import machine

TIME_LIMIT = 50 * 60
# What depends on the file system, and so runs on xfs too.
DISK_SUITES = ["DiskTests", "OverlayTests", "SnapshotTests"]
# `make test` has them on the host, where all takes a tenth of the time. They depend on packages that the guest does not reach,
ELSEWHERE = {"BuildTests"}
# or on no kernel: arguments, files, what a chain does, what is written and kept,
ELSEWHERE |= {"AdmissionTests", "ArgumentTests", "CancellationRaceTests", "ChainTests", "DiffTests", "DiskFaultTests",
              "ExportTests", "HostileTreesTests", "ImportTests", "KeepingTests", "LandsatTests", "MissingFilesTests",
              "NetworkChainTests", "ReloadTests", "RequestTests", "RunOptionTests", "ScriptTests", "WithoutSandboxesTests"}
# terminals and what passes through them: how a session joins a sandbox is tried by others,
ELSEWHERE |= {"InteractiveTests", "LeavingTests", "OwnTerminalTests", "SessionRoutesTests", "SharingTests", "StreamsTests",
              "TerminalTests"}
# or are tried harder in a machine of the same kernel by `make test-torture` and `make test-power-cut`.
ELSEWHERE |= {"CrashTests"}
# Nor does what the API says depend on a kernel, outside and inside of a sandbox.
ELSEWHERE_FOLDERS = {"API", "Inside"}
# The second lines of a case whose argument has two are quiet as well.
QUIET = re.compile("◇|✔ Test case|✔ Test [^r]|capabilities: \\[CAP_CHOWN")


def suites():
    folder = machine.PACKAGE / "Tests" / "EndToEnd"
    found = [path for path in folder.rglob("*Tests.swift") if path.parent.name not in ELSEWHERE_FOLDERS]
    return sorted({path.stem for path in found} - ELSEWHERE)


def script(chosen, on_disk):
    names = {"package": machine.PACKAGE, "bundle": machine.PACKAGE / ".build/debug/alt-processingPackageTests.xctest"}
    names |= {"suites": chosen, "disk_suites": on_disk}
    variables = "".join(f"{name}={shlex.quote(str(value))}\n" for name, value in names.items())
    return variables + (machine.HERE / "sandbox-suites.sh").read_text()


def main(arguments):
    chosen = arguments[0] if arguments else "EndToEnd/(" + "|".join(suites()) + ")/"
    on_disk = arguments[0] if arguments else "EndToEnd/(" + "|".join(DISK_SUITES) + ")/"
    start = time.monotonic()
    skipped = []

    def show(line):
        if line.startswith("➜ ") and "skipped" in line:
            skipped.append(line)
        elif os.environ.get("VERBOSE") or not QUIET.match(line):
            print(line, flush=True)

    with machine.workplace("machine") as folder:
        disks = [machine.disk(folder, name, 8 << 30) for name in ("ext4", "xfs")]
        with machine.Guest(folder, script(chosen, on_disk), disks) as guest:
            status = guest.run(TIME_LIMIT, show)
    print(f"== {len(skipped)} skipped, in {time.monotonic() - start:.0f} s")
    for line in skipped:
        print(f"   {line}")
    if status != 0:
        print("== FAILED", file=sys.stderr)
    return 1 if status else 0


sys.exit(main(sys.argv[1:]))
