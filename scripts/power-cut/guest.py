"""What runs in the machine whose power is cut: the Launcher on the disk at /run/disk, and its load.

    guest.py control            writes with and without a flush, and waits
    guest.py load NUMBER        starts the Launcher, tells what it finds, and sends Events until the end
    guest.py end FILE           the same, lets all come to its end, and looks at everything; FILE tells what was sent and seen

All that is told goes line by line to the output, which the host reads: a word, and what it is about in JSON.
"""

import json
import mmap
import os
import pathlib
import sqlite3
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "torture"))

import leftovers  # noqa: E402
import workload  # noqa: E402
from host import Failure, Host, Launcher, Orphans, Unanswered, Unsent  # noqa: E402
from verdict import Verdict  # noqa: E402

DISK = pathlib.Path("/run/disk")
FOLDER = DISK / "altp"


def tell(word, about=None):
    # In one piece, whichever thread it is.
    os.write(1, f"{word} {json.dumps(about)}\n".encode())


# What Scripts wrote since this start.
LINES = []


class Log:
    """The Launcher's, told line by line."""

    def write(self, chunk):
        for line in chunk.decode(errors="replace").splitlines():
            tell("log", line)


def control():
    """Two files and two blocks of another disk: one of each is flushed."""
    for name, flushed in [("kept", True), ("lost", False)]:
        file = os.open(DISK / name, os.O_WRONLY | os.O_CREAT)
        os.write(file, b"here\n")
        if flushed:
            os.fsync(file)
            folder = os.open(DISK, os.O_DIRECTORY)
            os.fsync(folder)
    device = os.open("/dev/vdb", os.O_RDWR | os.O_DIRECT)
    block = mmap.mmap(-1, 4096)
    block.write(b"kept" * 1024)
    os.pwrite(device, block, 0)
    os.fsync(device)
    block.seek(0)
    block.write(b"lost" * 1024)
    os.pwrite(device, block, 8192)
    tell("written")
    time.sleep(3600)


def start():
    if (DISK / "kept").exists():
        tell("control", {name: (DISK / name).read_text() if (DISK / name).exists() else None for name in ["kept", "lost"]})
    FOLDER.mkdir(exist_ok=True)
    host = Host(FOLDER, "power-cut")
    host.log = Log()
    workload.write(host, os.mkfifo)
    (FOLDER / "evidence" / "lines").chmod(0o666)
    # Open for both, so that it has a reader and a writer at all times.
    lines = os.open(FOLDER / "evidence" / "lines", os.O_RDWR)
    threading.Thread(target=relay, args=(lines,), daemon=True).start()
    Orphans().start()
    tell("starting")
    launcher = Launcher(host)
    launcher.await_ready(120)
    tell("ready", time.monotonic() - launcher.started)
    return host, launcher


def relay(lines):
    rest = b""
    while True:
        *whole, rest = (rest + os.read(lines, 65536)).split(b"\n")
        for line in whole:
            LINES.append(line.decode(errors="replace"))
            tell("evidence", line.decode(errors="replace"))


def dump(host):
    """Is the store sound, and what is in it?"""
    database = sqlite3.connect(f"file:{host.state}/altp.db?mode=ro", uri=True, timeout=30)
    for pragma in ["integrity_check", "foreign_key_check"]:
        said = database.execute(f"PRAGMA {pragma}").fetchall()
        if said not in ([], [("ok",)]):
            tell("finding", f"PRAGMA {pragma}: {said}")
    tell("events", database.execute(
        "SELECT event.type, event.key, group_concat(processing.id) FROM event LEFT JOIN processing ON event = event.id GROUP BY event.id"
    ).fetchall())
    tell("attempts", database.execute("SELECT processing, script, number, outcome FROM attempt WHERE state = 'ended'").fetchall())


def load(number):
    host, launcher = start()
    dump(host)
    crowd = workload.Crowd(host, number, clients=2, name=f"boot{number}-", meddles=False)
    crowd.sending = lambda event: tell("sending", [event.task, event.key, event.plan])
    crowd.acknowledged = lambda event: tell("acknowledged", [event.key, event.processings])
    tell("load")
    crowd.start()
    said = set()
    while launcher.runs(0.2):
        # What is visible has to be durable.
        for processing in crowd.known[-8:]:
            try:
                _, answer = host.ask("GET", f"/processings/{processing}")
            except (Unsent, Unanswered):
                continue
            for script in answer.get("scripts") or []:
                for attempt in script["attempts"]:
                    name = (processing, script["name"], attempt["number"], attempt.get("outcome"))
                    if name[-1] and name not in said:
                        said.add(name)
                        tell("seen", name)
    tell("finding", f"the Launcher ended by itself: {launcher.errors}")


def end(path):
    host, launcher = start()
    dump(host)
    known = json.loads(pathlib.Path(path).read_text())
    limit = time.monotonic() + 300
    while sum(host.counts()) and time.monotonic() < limit:
        time.sleep(0.3)
    time.sleep(6)
    tell("drained")
    findings = leftovers.settled(lambda: leftovers.of_machine(host, launcher))
    status = launcher.end(15)
    if status:
        findings.append(f"the Launcher ended with status {status} when it was asked to stop")
    findings += launcher.errors + leftovers.settled(lambda: leftovers.of_machine(host))
    findings += leftovers.of_state(host, went_down=True) + leftovers.of_quota(host)
    sent = []
    for task, key, plan, processings in known["sent"]:
        event = workload.Sent(task, key, plan)
        event.processings, event.is_doubtful = processings, True
        sent.append(event)
    verdict = Verdict(host.state, known["lines"] + LINES, sent, {}, may_lose=True)
    for finding in findings + verdict.check():
        tell("finding", finding)
    tell("figures", verdict.figures)


def main(arguments):
    try:
        if arguments[0] == "control":
            control()
        elif arguments[0] == "load":
            load(int(arguments[1]))
        else:
            end(arguments[1])
    except Failure as error:
        tell("finding", str(error))
        return 1
    return 0


sys.exit(main(sys.argv[1:]))
