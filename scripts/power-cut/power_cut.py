"""Cuts the power of a virtual machine again and again while the Launcher is at work in it, and looks what was lost.

    power_cut.py [--cuts N] [--seed SEED]

Its disk is served by this process, and has a volatile cache: of what was not flushed, all or a part is lost with the power.
That it is so is shown first.
"""

import argparse
import json
import os
import pathlib
import random
import shlex
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "vm"))

import machine  # noqa: E402
from disk import Disk  # noqa: E402

SIZE = 768 << 20
# Seconds after which a moment is no longer waited for, and that a machine may run.
PATIENCE = 15
BOOT_LIMIT, END_LIMIT = 120, 600
SCRIPT = """
mkdir -p /run/disk
echo 'mounting null'
mount -o {options} /dev/vda /run/disk || exit 1
exec /usr/bin/python3 -B {guest} {arguments}
"""
# After which word of the guest the power goes, how often that is chosen, the number of times that the word is waited
# for, and the seconds from then.
MOMENTS = [
    ("mounting", 1, (1, 1), (0, 0.5)),
    ("starting", 6, (1, 1), (0, 1.2)),
    ("acknowledged", 5, (1, 8), (0, 0.01)),
    ("evidence", 5, (1, 20), (0, 0.1)),
    ("seen", 3, (1, 4), (0, 0.02)),
    ("load", 6, (1, 1), (0.2, 4)),
]


class Findings(list):
    def add(self, text):
        self.append(text)
        print(f"   {text}", flush=True)


class Story:
    """All that was told by the machine in its lives, and what does not fit together."""

    def __init__(self, findings):
        self.findings = findings
        # key: [task, key, plan, processings]
        self.sent = {}
        # (processing, script, number): outcome
        self.outcomes = {}
        self.lines = []
        self.figures = {}
        self.ready = []

    def take(self, word, about):
        if word == "sending":
            self.sent.setdefault(about[1], [*about, None])
        elif word == "acknowledged":
            self.sent[about[0]][3] = about[1]
        elif word == "evidence":
            self.lines.append(about)
        elif word == "seen":
            self.outcomes[tuple(about[:3])] = about[3]
        elif word == "events":
            there = {key: processings for _, key, processings in about}
            if len(there) != len(about):
                self.findings.add("an Event is there twice")
            for task, key, _, processings in self.sent.values():
                if processings is not None and there.get(key) != ",".join(map(str, processings)):
                    self.findings.add(f"{key} was acknowledged with the Processings {processings}; there are {there.get(key)}")
        elif word == "attempts":
            there = {tuple(attempt[:3]): attempt[3] for attempt in about}
            for name, outcome in self.outcomes.items():
                if there.get(name) != outcome:
                    self.findings.add(f"{name} had the outcome {outcome}, and has {there.get(name)}")
            self.outcomes.update(there)
        elif word == "figures":
            self.figures = about
        elif word == "ready":
            self.ready.append(about)
        elif word == "finding":
            self.findings.add(about)


class Suite:
    def __init__(self, folder, seed, findings):
        self.folder, self.seed, self.findings = folder, seed, findings
        self.log = open(folder / "machine.log", "w")
        self.unflushed = 0

    def boot(self, disks, options, arguments, limit, hear, moment=None):
        """One life of the machine, until its end or the moment, `(word, times, seconds)`; whether it was cut."""
        folder = self.folder / "machine"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        drives = [f"{disk.serve()},cache=writeback" for disk in disks]
        script = SCRIPT.format(options=options, guest=shlex.quote(str(HERE / "guest.py")), arguments=arguments)
        timer, late, begin = None, None, time.monotonic()

        def after(seconds, guest):
            timer = threading.Timer(seconds, guest.qemu.kill)
            timer.daemon = True
            timer.start()
            return timer

        with machine.Guest(folder, script, drives) as guest:
            try:
                for line in guest.lines(limit):
                    print(f"{time.monotonic() - begin:6.2f} {line}", file=self.log, flush=True)
                    word, _, about = line.partition(" ")
                    if moment and word == moment[0] and timer is None:
                        moment = (moment[0], moment[1] - 1, moment[2])
                        if moment[1] == 0:
                            timer = after(moment[2], guest)
                    elif moment and word == "load":
                        late = after(PATIENCE, guest)
                    try:
                        hear(word, json.loads(about))
                    except ValueError:
                        # Not ours: an error of a command; or cut in two with the power.
                        if timer is None and late is None:
                            self.findings.add(f"the machine said: {line}")
                if timer is None and late is None and guest.status() != 0:
                    raise machine.MachineError(f"the guest's script failed\n{guest.ends()}")
            except machine.MachineError as error:
                raise machine.MachineError(f"{error}\n{guest.ends()}") from None
            finally:
                if late:
                    late.cancel()
        return timer is not None or late is not None

    def control(self, disk):
        """Shows that a write that was not flushed is lost with the power, and one that was flushed is not."""
        raw = Disk(self.folder, "vdb", 1 << 20)
        written = []
        self.boot([disk, raw], "defaults", "control", BOOT_LIMIT, lambda word, _: written.append(word), ("written", 1, 0))
        for each in [disk, raw]:
            arrived = os.pread(each.live, 4, 8192) if each is raw else b""
            count = each.lose(random, 0)
            if each is raw and (arrived != b"lost" or count == 0):
                self.findings.add("control: the unflushed write did not reach the disk's cache, so this suite shows nothing")
        kept, lost = os.pread(raw.durable, 4, 0), os.pread(raw.durable, 4, 8192)
        if (kept, lost) != (b"kept", bytes(4)):
            self.findings.add(f"control: after the cut the flushed block is {kept}, and the unflushed one {lost}")
        return kept, lost

    def run(self, name, options, cuts, choice):
        disk = Disk(self.folder, name, SIZE)
        subprocess.run(
            ["mke2fs", "-q", "-t", "ext4", "-F", "-N", "40000", "-O", "quota,project", "-E", "quotatype=prjquota,nodiscard", disk.path()],
            pass_fds=[disk.durable], check=True)
        disk.fill()
        story = Story(self.findings)
        self.control(disk)
        control = []

        def hear(word, about):
            if word == "control":
                control.append(about)
            story.take(word, about)

        begin = said = time.monotonic()
        cut = 0
        while cut < cuts:
            word, _, times, seconds = choice.choices(MOMENTS, [share for _, share, _, _ in MOMENTS])[0]
            moment = (word, choice.randint(*times), choice.uniform(*seconds))
            share = choice.choice([0, 0, 0.1, 0.5, 0.9, 1])
            if not self.boot([disk], options, f"load {cut}", BOOT_LIMIT, hear, moment):
                raise machine.MachineError("the machine ended by itself")
            cut += 1
            self.unflushed += disk.lose(choice, share)
            if cut == 1 and control and control[0] != {"kept": "here\n", "lost": None} and control[0] != {"kept": "here\n", "lost": ""}:
                self.findings.add(f"control: after the cut the files are {control[0]}")
            if time.monotonic() - said > 30 or cut == cuts:
                said = time.monotonic()
                print(f"   {name}: {cut} of {cuts} cuts, {said - begin:.0f} s, {len(story.sent)} Events, "
                      f"{len(story.outcomes)} outcomes", flush=True)
        if not control:
            self.findings.add("control: no start looked at the files")
        known = self.folder / "known.json"
        known.write_text(json.dumps({"sent": list(story.sent.values()), "lines": story.lines}))
        self.boot([disk], options, f"end {shlex.quote(str(known))}", END_LIMIT, hear)
        return story


# What holds disk limits, and the options with which the disk is mounted for it.
KINDS = {"quota": "prjquota", "images": "defaults"}


def both(cuts, seed):
    """Half of the cuts with each kind, in two machines at a time: one does not use two processors."""
    print(f"== {cuts} power cuts, seed {seed}", flush=True)
    halves = {"quota": (cuts + 1) // 2, "images": cuts // 2}
    children = [
        subprocess.Popen(["setpriv", "--pdeathsig", "TERM", sys.executable, "-B", __file__, "--only", kind, "--cuts",
                          str(count), "--seed", str(seed)])
        for kind, count in halves.items() if count]
    try:
        return max(child.wait() for child in children)
    except KeyboardInterrupt:
        # It came to them too.
        return max(child.wait() for child in children)


def one(kind, cuts, seed):
    findings = Findings()
    begin = time.monotonic()
    with machine.workplace(f"power-cut-{kind}", keep=lambda: bool(findings)) as folder:
        suite = Suite(folder, seed, findings)
        try:
            story = suite.run(kind, KINDS[kind], cuts, random.Random(seed))
        finally:
            shutil.rmtree(folder / "machine", ignore_errors=True)
            for path in folder.glob("*.live"):
                path.unlink()
        print(f"   {kind}: " + ", ".join(f"{key}: {value}" for key, value in story.figures.items()))
        ready = sorted(story.ready)
        if ready:
            print(f"   {kind}: ready after {ready[len(ready) // 2]:.1f} s (median), {ready[-1]:.1f} s (longest)")
    if findings:
        print(f"== FAILED: {len(findings)} findings; the same choices again: --only {kind} --cuts {cuts} --seed {seed}; "
              f"what the machine said is in {folder}/machine.log", file=sys.stderr)
        return 1
    print(f"== {kind}: {suite.unflushed >> 10} KiB of unflushed writes went with the power; nothing acknowledged was lost, "
          f"nothing ran twice, in {time.monotonic() - begin:.0f} s", flush=True)
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--only", choices=list(KINDS), help="what holds disk limits, instead of each for a half of the cuts")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    arguments = parser.parse_args()
    if arguments.only:
        return one(arguments.only, arguments.cuts, arguments.seed)
    return both(arguments.cuts, arguments.seed)


sys.exit(main())
