#!/usr/bin/env python3
"""What the API costs, on one page: `make bench-api`; docs/benchmarks.md tells the method.

The list of a million Processings under 32 clients beside a bare libmicrohttpd, and a thousand listeners of the stream while
100 Scripts a second end. Whatever this makes lies in one folder and in control groups of one name, and is gone when it ends.
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import socket
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "launcher"))

import host  # noqa: E402
from host import PROGRAMS, RELEASE, Failure, Launcher, capture, conduct, end, percentile, serve  # noqa: E402
from page import Page, about_machine, machine_times  # noqa: E402
from contenders import median  # noqa: E402

NAME = f"altp-bench-api-{os.getpid()}"
CLIENTS, LISTENERS, RATE = 32, 1000, 100
# Kept until all logs of a turn have been read; each holds a block of uids as long.
host.TASKS["stamp"] = host.TASKS["stamp"].replace("5s", "30s")


def free_port():
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_milliseconds(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]


class Wrk:
    """What wrk(1) says of one address: requests a second, and its latencies in milliseconds."""

    def __init__(self, url, seconds, token=None):
        header = ["-H", f"Authorization: Bearer {token}"] if token else []
        self.text = capture(["wrk", "-t2", f"-c{CLIENTS}", f"-d{seconds}s", "--latency", *header, url], timeout=seconds + 60)
        if bad := re.search(r"(Non-2xx.*|Socket errors:.*)", self.text):
            raise Failure(f"wrk of {url}: {bad.group(1)}")
        self.rate = float(re.search(r"Requests/sec:\s+([\d.]+)", self.text).group(1))
        self.latency = {int(part): in_milliseconds(value)
                        for part, value in re.findall(r"^\s+(\d+)%\s+(\S+)$", self.text, re.MULTILINE)}


class Bench:
    def __init__(self, folder, options):
        self.folder, self.options, self.page = folder, options, Page()
        self.launchers = []
        self.past = f"{options.past:,} Processings stored".replace(",", " ")

    def launcher(self, name, settings=""):
        launcher = Launcher(self.folder, name, f"{NAME}-{name}")
        with open(os.path.join(launcher.folder, "altp.yaml"), "a") as file:
            file.write(settings)
        launcher.start()
        self.launchers.append(launcher)
        return launcher

    def run(self):
        began, before = time.monotonic(), machine_times()
        if not self.options.only or "list" in self.options.only:
            self.list()
        if not self.options.only or "stream" in self.options.only:
            self.stream()
        about_machine(self.page, before, machine_times(), [])
        missed = self.page.missed()
        print(f"\nTook {time.monotonic() - began:.0f} s."
              + (f" {len(missed)} of the aims were missed on this machine, now." if missed else ""))

    # The list

    def list(self):
        page, port, bare_port = self.page, free_port(), free_port()
        # The rates that a client is allowed are not what is measured.
        limits = f"{{connections_per_client: {4 * CLIENTS}, requests_per_second: 1000000, burst: 1000000}}"
        full = self.launcher("full", f"api: {{listen: [\"127.0.0.1:{port}\"], limits: {limits}}}\n")
        full.fill(self.options.past)
        full.start()
        token = json.loads(capture([f"{RELEASE}/altp", "token", "create", "bench", "--role", "viewer", "--socket",
                                    full.socket, "-o", "json"]))["secret"]
        answer = os.path.join(self.folder, "answer")
        capture(["curl", "-sf", "-o", answer, "--unix-socket", full.socket, "http://altp/api/v1/processings"])
        bare = serve([f"{PROGRAMS}/bare", str(bare_port), answer])
        if bare.stdout.readline() != "ready\n":
            raise Failure("the bare server did not start")
        page.head(f"The list's first page ({os.path.getsize(answer) / 1000:.0f} kB), {self.past}, {CLIENTS} clients of wrk")
        ours, floor = [], []
        for _ in range(self.options.rounds):
            ours.append(Wrk(f"http://127.0.0.1:{port}/api/v1/processings", self.options.seconds, token))
            floor.append(Wrk(f"http://127.0.0.1:{bare_port}/", self.options.seconds))
        for taken in (ours, floor):
            what = "the list" if taken is ours else "bare libmicrohttpd, the same bytes"
            key = "list" if taken is ours else "bare"
            rates, late = [one.rate for one in taken], [one.latency[99] for one in taken]
            page.row(f"{key} rate", f"requests a second, {what}", median(rates), "/s", rates)
            aim = {"aim": "under 20 ms", "is_met": median(late) < 20} if taken is ours else {}
            page.row(f"{key} p99", f"99 of 100 answers, {what}", median(late), "ms", late, **aim)
        ratios = [one.rate / other.rate for one, other in zip(ours, floor)]
        page.row("list ratio", "the list's rate, as a part of the bare one's", median(ratios), "", ratios, "at least 0.5",
                 median(ratios) >= 0.5)
        bare.stdin.close()
        end(bare)
        full.stop()

    # The stream

    def stream(self):
        page, launcher = self.page, self.launcher("stream")
        count = RATE * self.options.seconds
        page.head(f"{RATE} Scripts a second for {self.options.seconds} s, without and with {LISTENERS} listeners of the stream")
        alone, heard, told = [], [], []
        launcher.drive("paced", "stamp", RATE, 1_000_000 // RATE)
        for _ in range(self.options.rounds):
            alone.append(self.paced(launcher, count))
            listeners = serve([f"{PROGRAMS}/listeners", launcher.socket, self.options.stream, str(LISTENERS)])
            if listeners.stdout.readline() != "ready\n":
                raise Failure("the listeners could not be connected; what they said is above")
            heard.append(self.paced(launcher, count))
            time.sleep(1)
            listeners.stdin.close()
            words = listeners.stdout.readline().split()
            if len(words) != 5:
                raise Failure("the listeners ended; what they said is above")
            told.append([int(word) for word in words])
            end(listeners)
        for part, what in [(0.5, "median"), (0.99, "99 of 100")]:
            for taken, who in [(alone, "alone"), (heard, f"with {LISTENERS} listeners")]:
                values = [percentile(samples, part) * 1000 for samples in taken]
                page.row(f"exec {part} {who}", f"trigger to exec, {what}, {who}", median(values), "ms", values)
        for least, most, *_ in told:
            if least != most:
                raise Failure(f"not all listeners were told the same: from {least} to {most} changes")
        page.row("changes", "changes that each listener was told, in a round", median([one[0] for one in told]), "", [
            one[0] for one in told])
        for index, what in [(2, "median"), (3, "99 of 100")]:
            page.row(f"behind {what}", f"behind the change, {what}", median([one[index] for one in told]), "ms",
                     [one[index] for one in told])
        late = [one[4] for one in told]
        page.row("behind longest", "behind the change, the longest of all", max(late), "ms", late, "at most 2000 ms",
                 max(late) <= 2000)
        launcher.stop()

    def paced(self, launcher, count):
        return [sample[1] for sample in launcher.drive("paced", "stamp", count, 1_000_000 // RATE, timeout=300)]

    def stop_launchers(self):
        while self.launchers:
            self.launchers.pop().stop()


def parsed():
    parser = argparse.ArgumentParser(prog="bench-api", description="Measures the API, beside a bare libmicrohttpd.")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a smaller store")
    parser.add_argument("-t", metavar="FILE", dest="table", help="write the figures as the table of docs/benchmarks.md")
    parser.add_argument("--only", action="append", choices=["list", "stream"], help="measure this alone")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int, help="of each turn")
    parser.add_argument("--past", type=int, help="Processings in the store")
    parser.add_argument("--stream", default="/api/v1/stream?topic=attempts", help="what the listeners ask for")
    parser.add_argument("--keep", action="store_true", help="leave the folder with the Launchers' logs")
    options = parser.parse_args()
    quick = {"rounds": 2, "seconds": 5, "past": 100_000}
    whole = {"rounds": 5, "seconds": 10, "past": 1_000_000}
    for name, value in (quick if options.quick else whole).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


if __name__ == "__main__":
    conduct(Bench, parsed(), NAME)
