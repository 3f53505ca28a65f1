"""Kills the Launcher with SIGKILL again and again under load, and looks whether anything was lost, run twice or left behind.

    torture.py [--kills N] [--seed SEED] [--keep] [--below FOLDER]

A seed gives the same choices again: what is sent, what Scripts do, and which moments are waited for. What the machine does
in between is its own.
"""

import argparse
import collections
import os
import random
import shutil
import signal
import sys
import tempfile
import time

import leftovers
import workload
from host import Failure, Host, Launcher, Orphans
from moments import Moment, Watch
from verdict import MOST, Verdict

# Seconds that a moment is waited for, and that the last Processings may take.
PATIENCE, DRAIN = 2, 180


class Torture:
    def __init__(self, host, seed, kills):
        self.host, self.kills, self.seed = host, kills, seed
        self.random = random.Random(f"{seed}/moments")
        self.done = collections.Counter()
        self.late = collections.Counter()
        self.findings = []
        self.starts = []
        self.crowd = workload.Crowd(host, seed)

    def run(self):
        # So that the folders are there to be watched.
        launcher = Launcher(self.host)
        launcher.await_ready()
        Watch(self.host.trap, self.host.folder / "evidence" / "lines", self.host.state / "processings").start()
        self.crowd.start()
        begin = said = time.monotonic()
        for number in range(1, self.kills + 1):
            self.kill(launcher, Moment.choose(self.random))
            launcher = Launcher(self.host)
            if time.monotonic() - said > 15 or number == self.kills:
                said = time.monotonic()
                print(f"   {number} of {self.kills} kills, {said - begin:.0f} s, {len(self.crowd.sent())} Events", flush=True)
        launcher.await_ready()
        self.crowd.end()
        self.drain(launcher)
        # What is of no hurry, such as removing, is done when nobody else wants the processor.
        leftovers.settled(lambda: leftovers.of_state(self.host), 60)
        self.findings += leftovers.settled(lambda: leftovers.of_machine(self.host, launcher))
        status = launcher.end(signal.SIGTERM)
        self.findings += launcher.errors
        if status != 0:
            self.findings.append(f"the last Launcher ended with status {status} when it was asked to stop")
        self.findings += leftovers.settled(lambda: leftovers.of_machine(self.host))
        self.findings += leftovers.of_state(self.host) + leftovers.of_quota(self.host)
        return time.monotonic() - begin

    def kill(self, launcher, moment):
        """Waits for the moment, and kills."""
        self.done[moment.kind] += 1

        def strike():
            if moment.delay:
                time.sleep(moment.delay)
            launcher.signal(signal.SIGKILL)

        # What a start finds is told before it is ready.
        if moment.kind not in ("restart", "adopted"):
            launcher.await_ready()
            self.starts.append(time.monotonic() - launcher.started)
        if moment.kind == "stop":
            launcher.signal(signal.SIGTERM)
        if moment.kind in ("restart", "any", "stop"):
            strike()
        else:
            self.host.trap.arm(moment.kind, strike)
            if launcher.runs(PATIENCE) and self.host.trap.disarm():
                self.late[moment.kind] += 1
                strike()
        status = launcher.end(signal.SIGKILL)
        if status not in (-signal.SIGKILL, 0):
            self.findings.append(f"the Launcher ended by itself with status {status}, before it was killed ({moment.kind})")
        self.findings += launcher.errors

    def drain(self, launcher):
        end = time.monotonic() + DRAIN
        while True:
            waiting, running = self.host.counts()
            if waiting + running == 0:
                break
            if time.monotonic() > end:
                self.findings.append(f"after {DRAIN} s {waiting} Processings wait, and {running} run")
                launcher.signal(signal.SIGQUIT)
                break
            time.sleep(0.1)
        # The time for which some directories are kept, and their removal.
        time.sleep(4)


def clear(host):
    """Whatever became of the suite, nothing of it stays."""
    for _ in range(100):
        for group in leftovers.groups(host) + leftovers.own_groups(host):
            try:
                for pid in (group / "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
                group.rmdir()
            except OSError:
                pass
        if not leftovers.own_groups(host):
            break
        time.sleep(0.05)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 31))
    parser.add_argument("--keep", action="store_true", help="keep the folder, to look at it")
    parser.add_argument("--below", default="/var/tmp", help="where to make the folder")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    Orphans().start()
    folder = tempfile.mkdtemp(prefix="altp-torture-", dir=arguments.below)
    os.chmod(folder, 0o755)
    host = Host(folder, f"torture-{os.getpid()}")
    print(f"== {arguments.kills} kills, seed {arguments.seed}", flush=True)
    try:
        workload.write(host)
        torture = Torture(host, arguments.seed, arguments.kills)
        seconds = torture.run()
        lines = (host.folder / "evidence" / "lines").read_text().splitlines()
        verdict = Verdict(host.state, lines, torture.crowd.sent(), torture.crowd.meddler.deeds)
        findings = torture.findings + torture.crowd.findings + verdict.check()
    except Failure as error:
        print(f"== FAILED: {error}", file=sys.stderr)
        return 1
    finally:
        for pid in Orphans.spared.copy():
            os.kill(pid, signal.SIGKILL)
        clear(host)
        if not arguments.keep:
            shutil.rmtree(folder, ignore_errors=True)
    print("   killed: " + ", ".join(
        f"{kind} {number}" + (f" ({torture.late[kind]} late)" if torture.late[kind] else "") for kind, number in torture.done.items()))
    starts = sorted(torture.starts) or [0]
    print("   " + ", ".join(f"{name}: {figure}" for name, figure in verdict.figures.items()))
    print(f"   ready after {starts[len(starts) // 2] * 1000:.0f} ms (median), {starts[-1] * 1000:.0f} ms (longest)")
    if findings:
        for finding in findings[:MOST]:
            print(f"   {finding}")
        print(f"== FAILED: {len(findings)} findings; the same choices again: --seed {arguments.seed}", file=sys.stderr)
        return 1
    print(f"== nothing lost, nothing run twice, nothing left behind, in {seconds:.0f} s")
    return 0


sys.exit(main())
