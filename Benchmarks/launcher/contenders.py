"""What takes turns in the rounds of the benchmark. Each has rates, its steps a second of every round so far."""

import contextlib
import os
import signal
import statistics
import time

from host import PROGRAMS, ROOT, Failure, end, serve, spawn


def median(values):
    return statistics.median(values)


class Contender:
    def __init__(self, key, title, aim=None, most_rounds=None):
        self.key, self.title, self.aim, self.most_rounds = key, title, aim, most_rounds
        self.rates, self.rounds = [], 0

    def turn(self):
        """One round more, unless it has had its share."""
        if self.most_rounds is None or self.rounds < self.most_rounds:
            self.rates.append(self.measure())
            self.rounds += 1

    def warm_up(self):
        self.measure()

    def leave(self):
        """It is measured no more."""


class Chains(Contender):
    """Chains of /bin/true that a Launcher runs, from the first Event sent to the last outcome visible."""

    def __init__(self, key, title, launcher, task, steps, count, **options):
        super().__init__(key, title, **options)
        self.launcher, self.task, self.steps, self.count = launcher, task, steps, count
        # With the directories gone too.
        self.settled = []

    def measure(self):
        began = time.monotonic()
        _, whole = self.launcher.burst(self.task, self.count)
        self.launcher.settle()
        self.settled.append(self.count * self.steps / (time.monotonic() - began))
        return self.count * self.steps / whole

    def warm_up(self):
        super().warm_up()
        self.settled.clear()


class Floor(Contender):
    """Sandboxes in a loop in C, two at a time: the least that they can cost."""

    def __init__(self, key, title, group, count):
        super().__init__(key, title)
        self.count = count
        self.servers = [serve([f"{PROGRAMS}/floor", f"{group}{number}"]) for number in (1, 2)]

    def measure(self):
        began = time.monotonic()
        for server in self.servers:
            server.stdin.write(f"{self.count // 2}\n")
            server.stdin.flush()
        for server in self.servers:
            for _ in range(self.count // 2):
                if not server.stdout.readline():
                    raise Failure(f"{self.title} ended; what it said is above")
        return self.count // 2 * 2 / (time.monotonic() - began)


class Loops(Contender):
    """The same command in a loop in C, two at a time."""

    def __init__(self, key, title, count, command):
        super().__init__(key, title)
        self.count, self.command = count, [f"{PROGRAMS}/stopwatch", str(count // 2), *command]

    def measure(self):
        began = time.monotonic()
        with open(os.devnull, "w") as nothing:
            running = [spawn(self.command, stdout=nothing) for _ in range(2)]
        for child in running:
            if child.wait() != 0:
                raise Failure(f"{self.title} ended with {child.returncode}")
            end(child)
        return self.count // 2 * 2 / (time.monotonic() - began)


class Peer:
    """Another engine, as a process that answers as peers/protocol.py tells. It stands still while others are measured."""

    def __init__(self, name, folder, command):
        self.name = name
        os.makedirs(folder)
        with open(os.path.join(folder, "errors"), "w") as errors:
            self.child = serve([*command[:2], os.path.join(ROOT, "Benchmarks/launcher/peers", command[2]), folder,
                                *command[3:]], stderr=errors)
        self.folder = folder
        self.line("ready")
        self.signal(signal.SIGSTOP)

    def signal(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.child.pid, number)

    def line(self, what):
        line = self.child.stdout.readline().strip()
        if not line:
            # What a peer says last is why it ended.
            with open(os.path.join(self.folder, "errors")) as errors:
                said = errors.read().strip().splitlines() or [f"it ended without a word before {what}"]
            raise Failure(said[-1])
        return line

    def ask(self, steps, count):
        """Seconds of one round."""
        self.signal(signal.SIGCONT)
        try:
            self.child.stdin.write(f"{steps} {count}\n")
            self.child.stdin.flush()
            return int(self.line("its answer")) / 1e9
        except BrokenPipeError:
            raise Failure(f"{self.name} has ended") from None
        finally:
            self.signal(signal.SIGSTOP)

    def leave(self):
        self.signal(signal.SIGCONT)
        self.child.stdin.close()
        end(self.child)


class PeerChains(Contender):
    def __init__(self, key, title, peer, steps, count, **options):
        super().__init__(key, title, **options)
        self.peer, self.steps, self.count = peer, steps, count

    def measure(self):
        return self.steps * self.count / self.peer.ask(self.steps, self.count)

    def warm_up(self):
        self.peer.ask(self.steps, min(2, self.count))
