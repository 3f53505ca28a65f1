#!/usr/bin/env python3
"""What the Launcher costs, on one page: `make bench-launcher`; docs/benchmarks.md tells the method.

Contenders take turns in rounds, so that a noisy machine hits all alike; figures are medians, with the least and the most.
Whatever this makes lies in one folder and in control groups of one name, and is gone when it ends, also by Ctrl-C. The
peers' programs stay in .build/bench.
"""

import argparse
import os
import subprocess
import time

from contenders import Chains, Floor, Loops, median
from engines import start_engines
from host import RELEASE, Launcher, capture, conduct, percentile
from page import Page, about_machine, machine_times

NAME = f"altp-bench-{os.getpid()}"
WITHOUT = "--without-sandboxes"
# Twice the processors: while a start is recorded or an outcome read, another one's Script runs.
TUNED = f"cpu: {2 * os.cpu_count()}\n"
SECTIONS = ["throughput", "latency", "start", "idle"]


def lacks_switch():
    """Why the Launcher cannot be measured without sandboxes; None when it can."""
    tried = subprocess.run([f"{RELEASE}/altp-launcher", WITHOUT, "--config", "/nonexistent"], capture_output=True, text=True)
    said = tried.stderr.strip().splitlines()
    return f"this Launcher has no {WITHOUT} ({said[0]})" if said and f"argument {WITHOUT}" in said[0] else None


class Bench:
    def __init__(self, folder, options):
        self.folder, self.options, self.page = folder, options, Page()
        self.launchers, self.floor_rates = [], []
        self.past = f"with {options.past:,} past Processings".replace(",", " ")

    def wants(self, section):
        return not self.options.only or section in self.options.only

    def launcher(self, name, arguments=(), settings=""):
        launcher = Launcher(self.folder, name, f"{NAME}-{name}", arguments, settings)
        launcher.start()
        self.launchers.append(launcher)
        return launcher

    def run(self):
        began, before = time.monotonic(), machine_times()
        empty, full = self.launcher("empty"), self.launcher("full")
        full.fill(self.options.past)
        size = os.path.getsize(os.path.join(full.state, "altp.db"))
        print(f"A store {self.past} was made: {size / 1e6:.0f} MB, in {time.monotonic() - began:.0f} s", flush=True)
        if self.wants("start"):
            self.start_up(empty, full)
        else:
            full.start()
        if self.wants("throughput"):
            self.throughput(empty, full)
        if self.wants("latency"):
            self.latency(empty, full)
        if self.wants("idle"):
            self.idle(empty, full)
        about_machine(self.page, before, machine_times(), self.floor_rates)
        missed = self.page.missed()
        print(f"\nTook {time.monotonic() - began:.0f} s."
              + (f" {len(missed)} of the aims were missed on this machine, now." if missed else ""))

    # Steps a second

    def contenders(self, empty, full):
        """Those of ours, and the floors."""
        count, quarter, aim = self.options.count, self.options.count // 4, 600
        # Those that are compared with each other follow each other.
        yield Chains("one", "one-step chains", empty, "one", 1, count, aim=aim)
        yield Chains("one past", f"one-step chains, {self.past}", full, "one", 1, count)
        yield Chains("four", "four-step chains", empty, "four", 4, quarter, aim=aim)
        yield Chains("four past", f"four-step chains, {self.past}", full, "four", 4, quarter)
        tuned, sets = self.launcher("tuned", settings=TUNED), f"`{TUNED.strip()}`"
        yield Chains("one tuned", f"one-step chains, {sets}", tuned, "one", 1, count, aim=aim)
        yield Chains("four tuned", f"four-step chains, {sets}", tuned, "four", 4, quarter, aim=aim)
        if reason := lacks_switch():
            self.page.skip("sandboxing off", reason)
        else:
            bare = self.launcher("bare", [WITHOUT])
            yield Chains("one bare", "one-step chains, sandboxing off", bare, "one", 1, count, aim=1500)
            yield Chains("four bare", "four-step chains, sandboxing off", bare, "four", 4, quarter, aim=1500)
            both = self.launcher("tuned-bare", [WITHOUT], TUNED)
            yield Chains("one tuned bare", f"one-step chains, sandboxing off, {sets}", both, "one", 1, count, aim=1500)
            yield Chains("four tuned bare", f"four-step chains, sandboxing off, {sets}", both, "four", 4, quarter, aim=1500)
        yield Floor("sandbox floor", "bare sandboxes in a C loop, two at a time: no engine", f"{NAME}-floor", count)
        yield Loops("floor", "fork and exec in a C loop, two at a time: no sandbox, no engine", 2 * count, ["/bin/true"])

    def throughput(self, empty, full):
        page = self.page
        page.head("Steps of /bin/true a second, from the first Event sent to the last outcome visible, all of it on the disk")
        contenders = list(self.contenders(empty, full))
        peers, others = start_engines(page, self.folder, self.options.count, self.options.quick)
        contenders += others
        for contender in contenders:
            contender.warm_up()
        for number in range(self.options.rounds):
            # Each round begins with another one.
            for index in range(len(contenders)):
                contenders[(number + index) % len(contenders)].turn()
        for peer in peers:
            peer.leave()
        rates = {contender.key: median(contender.rates) for contender in contenders}
        self.floor_rates = next(contender.rates for contender in contenders if contender.key == "floor")
        for contender in contenders:
            aim, rate = contender.aim, rates[contender.key]
            page.row(f"rate {contender.key}", contender.title, rate, "/s", contender.rates, aim and f"{aim}",
                     aim and rate >= aim)
        self.ratios(contenders, rates)
        ours = contenders[0]
        page.row("rate one settled", "one-step chains, until their directories are gone too", median(ours.settled), "/s",
                 ours.settled)
        taken = {contender.key: contender.rates for contender in contenders}
        for key, what in [("one", "one-step chains"), ("four", "four-step chains")]:
            # Of each round, and then the median: what makes a round slow makes both slow.
            self.compare(f"throughput past {key}", what,
                         median([without / with_past for without, with_past in zip(taken[key], taken[f"{key} past"])]))
        self.command_cost(empty)

    def ratios(self, contenders, rates):
        """Against the floors and against huey, those of one step with those of one, of four with those of four."""
        print("\n    sandbox      fork   huey, as many steps\n      floor     floor   flushed  unflushed")
        result = self.page.result["ratios"] = {}
        for contender in contenders:
            if isinstance(contender, (Floor, Loops)):
                continue
            steps = "four" if "four" in contender.key.split() else "one"
            # The faster of the two.
            flushed = max((f"huey {steps}", f"huey tuned {steps}"), key=lambda name: rates.get(name, 0))
            others = ["sandbox floor", "floor", flushed, f"huey unflushed {steps}"]
            ratios = [rates[contender.key] / rates[other] if other in rates else None for other in others]
            result[contender.title] = ratios
            print("  " + " ".join("        –" if ratio is None else f"{ratio:9.3f}" for ratio in ratios)
                  + f"  {contender.title}", flush=True)
        print()

    def compare(self, key, what, ratio):
        """What the past costs, in per cent more time. `ratio`: of the times with it and without."""
        cost = (ratio - 1) * 100
        self.page.row(key, f"more time for {what} {self.past}", cost, "%", None, "at most 10 %", cost <= 10)

    def command_cost(self, launcher):
        times = []
        for number in range(30):
            began = time.monotonic()
            capture([f"{RELEASE}/altp", "event", "send", "one", "--id", f"command-{NAME}-{number}", "--socket",
                     launcher.socket])
            times.append((time.monotonic() - began) * 1000)
        self.page.row("command", "altp event send, the whole command: its Event is on the disk when it ends", median(times),
                      "ms", times)

    # Latency

    def latency(self, empty, full):
        self.page.head("Trigger to exec on an idle host: from an Event's first byte to its Script's first instruction")
        samples = {empty: [], full: []}
        for launcher in samples:
            launcher.settle()
            launcher.drive("latency", "stamp", 5, 20)
        part = max(5, self.options.samples // 10)
        while len(samples[full]) < self.options.samples:
            for launcher, taken in samples.items():
                taken += launcher.drive("latency", "stamp", part, 20, timeout=600)
        medians = {}
        for launcher, where in [(empty, ""), (full, f", {self.past}")]:
            key = " past" if where else ""
            acknowledged, executed = ([sample[index] * 1000 for sample in samples[launcher]] for index in (0, 1))
            self.page.row(f"acknowledged{key}", f"acknowledged, median{where}", median(acknowledged), "ms", acknowledged)
            medians[launcher] = median(executed)
            self.page.row(f"latency p50{key}", f"trigger to exec, median{where}", medians[launcher], "ms", executed)
            late = percentile(executed, 0.99)
            self.page.row(f"latency p99{key}", f"trigger to exec, 99 of 100{where}", late, "ms", None, "under 10 ms",
                          late < 10)
        self.compare("latency past", "trigger to exec", medians[full] / medians[empty])
        self.pages(full)

    def pages(self, full):
        """A page of the list of Processings, by the filter that takes longest."""
        recent = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3600))
        filters = ["limit=50", "outcome=oom", "task=fail", "task=fail&status=success", "status=failed&task=one&task=four",
                   f"since={recent}", f"since={recent}&status=cancelled"]
        times = {}
        for text in filters:
            taken = []
            for _ in range(9):
                began = time.monotonic()
                full.get(f"processings?{text}")
                taken.append((time.monotonic() - began) * 1000)
            times[text] = taken
        slowest = max(times, key=lambda text: median(times[text]))
        self.page.row("page", f"the slowest of {len(filters)} filtered lists, {self.past} ({slowest.replace(recent, '…')})",
                      median(times[slowest]), "ms", times[slowest])

    # The start

    def start_up(self, empty, full):
        self.page.head("From exec of the Launcher to its first answer")
        times = {"": [], f" {self.past}": [], f" {self.past}, none of it in memory": []}
        for _ in range(self.options.rounds * 2):
            for where, taken in times.items():
                launcher = full if where else empty
                launcher.stop()
                if where.endswith("memory"):
                    launcher.forget_pages()
                taken.append(launcher.start() * 1000)
        for where, taken in times.items():
            key = " cold" if where.endswith("memory") else " past" if where else ""
            aim = {"aim": "under 1000 ms", "is_met": median(taken) < 1000} if where else {}
            self.page.row(f"start{key}", f"start{where}", median(taken), "ms", taken, **aim)

    # Idle

    def idle(self, empty, full):
        seconds = self.options.idle
        self.page.head(f"An idle Launcher, over {seconds} s")
        fresh = self.launcher("fresh")
        seen = {"just started": fresh, "after all of the above": empty, f"the same, {self.past}": full}
        for launcher in seen.values():
            launcher.settle()
        # Threads that a load made end after some seconds without one, and a timer that was set anew may still ring for a
        # minute. Quick runs see that.
        time.sleep(65 if seconds >= 60 else 10)
        before = {launcher: launcher.switches() for launcher in seen.values()}
        time.sleep(seconds)
        for where, launcher in seen.items():
            counts = {name: count - before[launcher].get(name, 0) for name, count in launcher.switches().items()}
            resident, proportional = (value / 1e6 for value in launcher.memory())
            rate = sum(counts.values()) / seconds
            self.page.row(f"memory {where}", f"memory, resident, {where} (its share, PSS: {proportional:.1f} MB)", resident,
                          "MB", None, "under 30 MB", resident < 30)
            woken = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
            self.page.row(f"wake-ups {where}", f"wake-ups, {where}" + (f" ({woken})" if woken else ""), rate, "/s", None,
                          "under 1", rate < 1)

    def stop_launchers(self):
        while self.launchers:
            self.launchers.pop().stop()


def parsed():
    parser = argparse.ArgumentParser(prog="bench-launcher", description="Measures the Launcher, beside its peers.")
    parser.add_argument("--quick", action="store_true", help="a minute or two: fewer rounds, a smaller store, a shorter idling")
    parser.add_argument("-o", metavar="FILE", dest="output", help="write the figures as JSON")
    parser.add_argument("-t", metavar="FILE", dest="table", help="write them as the table of docs/benchmarks.md")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="measure this alone (may be repeated)")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--count", type=int, help="steps of a round")
    parser.add_argument("--samples", type=int, help="of the latency")
    parser.add_argument("--past", type=int, help="Processings in the store that is full")
    parser.add_argument("--idle", type=int, metavar="SECONDS")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the Launchers' logs")
    options = parser.parse_args()
    quick = {"rounds": 2, "count": 200, "samples": 40, "past": 100_000, "idle": 10}
    whole = {"rounds": 7, "count": 600, "samples": 300, "past": 1_000_000, "idle": 60}
    for name, value in (quick if options.quick else whole).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    if min(options.rounds, options.count // 8, options.samples, options.past // 1000, options.idle) < 1:
        parser.error("too few: it takes a round, 8 steps, a sample, 1000 past Processings and a second at the least")
    return options


if __name__ == "__main__":
    conduct(Bench, parsed(), NAME)
