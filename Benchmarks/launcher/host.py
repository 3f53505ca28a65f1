"""The Launcher under measurement: a host folder, the daemon on it, and what is asked of it."""

import contextlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time

import fill

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, ".build/bench")
RELEASE = os.path.join(ROOT, ".build/release")
children = []


class Failure(Exception):
    """What went wrong, as a line for people."""


def spawn(command, **options):
    """A child of ours in a session of its own: a Ctrl-C is ours, and ends it in the right order."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True, **options)
    children.append(child)
    return child


def serve(command, **options):
    """A child that answers lines on its standard input."""
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
                             **options)
    children.append(child)
    return child


def end(child, number=signal.SIGTERM, patience=30):
    if child.poll() is None:
        child.send_signal(number)
        try:
            child.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    if child in children:
        children.remove(child)


def capture(command, timeout=120, **options):
    child = spawn(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
    try:
        output, errors = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Failure(f"{command[0]} took longer than {timeout} s") from None
    finally:
        end(child)
    if child.returncode != 0:
        said = errors.strip().splitlines() or [f"status {child.returncode}"]
        raise Failure(f"{os.path.basename(command[0])}: {said[-1]}")
    return output


def step(name):
    return f"  - {{name: {name}, run: [/bin/true]}}\n"


TASKS = {
    "one": "on_event: one\nscripts:\n" + step("a"),
    "four": "on_event: four\nscripts:\n" + "".join(step(name) for name in "abcd"),
    # Its log is read after it has ended.
    "stamp": "on_event: stamp\nkeep: {success: 5s}\nscripts:\n  - {name: stamp, run: [stamp]}\n",
    "fail": "on_event: fail\nkeep: {failed: 0s}\nscripts:\n"
            "  - {name: a, run: [/bin/sh, -c, exit 75], retry: {limit: 2, delay: 0s}}\n",
}


class Launcher:
    """One daemon on a host folder of its own below `folder`; `settings`: more lines of its altp.yaml."""

    def __init__(self, folder, name, group, arguments=(), settings=""):
        self.name, self.folder, self.arguments = name, os.path.join(folder, name), list(arguments)
        self.state, self.run = os.path.join(self.folder, "state"), os.path.join(self.folder, "run")
        self.socket = os.path.join(self.run, "altp.sock")
        self.log = os.path.join(self.folder, "launcher.log")
        self.child, self.bursts = None, 0
        os.makedirs(os.path.join(self.folder, "tasks/stamp"))
        shutil.copy(f"{PROGRAMS}/stamp", os.path.join(self.folder, "tasks/stamp"))
        self.write("altp.yaml", f"state: {self.state}\nrun: {self.run}\ncgroup: {group}\n{settings}")
        for task, text in TASKS.items():
            self.write(f"tasks/{task}.yaml", text)

    def write(self, path, text):
        with open(os.path.join(self.folder, path), "w") as file:
            file.write(text)

    def start(self):
        """Returns the seconds from exec to the first request that was answered."""
        with open(self.log, "a") as log:
            began = time.monotonic()
            self.child = spawn([f"{RELEASE}/altp-launcher", "--config", self.folder, *self.arguments],
                               stdout=log, stderr=log)
        while True:
            try:
                self.get("host")
                return time.monotonic() - began
            except OSError as error:
                if self.child.poll() is not None:
                    with open(self.log) as log:
                        said = log.read().strip().splitlines()[-1:] or ["nothing"]
                    raise Failure(f"the Launcher did not start: {said[0]}") from None
                if time.monotonic() - began > 60:
                    raise Failure(f"the Launcher does not answer: {error}") from None
                time.sleep(0.0005)

    def stop(self):
        if self.child:
            end(self.child, signal.SIGQUIT)
            self.child = None

    def get(self, path):
        with contextlib.closing(socket.socket(socket.AF_UNIX)) as connection:
            connection.settimeout(60)
            connection.connect(self.socket)
            connection.sendall(f"GET /api/v1/{path} HTTP/1.1\r\nHost: altp\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while part := connection.recv(65536):
                answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise Failure(f"{path}: {head.splitlines()[0].decode() if head else 'no answer'}")
        return json.loads(body)

    def drive(self, kind, task, count, number, timeout=120):
        """What drive.c prints, in seconds; every Event must have ended well."""
        self.bursts += 1
        lines = capture([f"{PROGRAMS}/drive", self.socket, kind, task, str(count), str(number),
                         f"{os.getpid()}-{self.bursts}-"], timeout=timeout).split("\n")
        return [[int(word) / 1e9 for word in line.split()] for line in lines if line]

    def burst(self, task, count, connections=16):
        """Seconds until all Events were acknowledged, and until the last outcome was visible."""
        before = self.ended(task)
        result = self.drive("burst", task, count, connections)[0]
        after = self.ended(task)
        if after != before + count:
            raise Failure(f"{self.name}: of {count} Processings {after - before} succeeded; {self.log} says more")
        return result

    def ended(self, task):
        tasks = self.get("statistics")["tasks"]
        return sum(entry["ended"].get("success", 0) for entry in tasks if entry["task"] == task)

    def settle(self, patience=60):
        """Waits until the directories of all that ended are gone, which is done beside everything else."""
        end = time.monotonic() + patience
        while os.listdir(os.path.join(self.state, "processings")):
            if time.monotonic() > end:
                raise Failure(f"{self.name}: directories are left after {patience} s; {self.log} says more")
            time.sleep(0.002)

    def fill(self, count):
        """Puts `count` past Processings into its store: copies of a few that it runs for that. It is stopped afterwards."""
        for task, copies in [("one", 14), ("four", 5)]:
            self.burst(task, copies)
        # Some failed, after two attempts.
        self.drive("burst", "fail", 1, 1)
        self.settle()
        # The last removal is recorded after it was done.
        time.sleep(0.5)
        self.stop()
        try:
            fill.fill(self.state, count)
        except (fill.FillError, sqlite3.Error) as problem:
            raise Failure(f"filling the store: {problem}") from None

    def forget_pages(self):
        """Has the kernel forget what it holds of the store's file, as after a boot."""
        with open(os.path.join(self.state, "altp.db"), "rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    # What the kernel says about the daemon.

    def memory(self):
        """Resident and proportional bytes."""
        with open(f"/proc/{self.child.pid}/smaps_rollup") as file:
            values = dict(line.split(":") for line in file.read().splitlines()[1:])
        return [int(values[name].split()[0]) * 1024 for name in ("Rss", "Pss")]

    def switches(self):
        """Voluntary context switches of each of its threads so far: each began with a wake-up."""
        result = {}
        folder = f"/proc/{self.child.pid}/task"
        for thread in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError), open(f"{folder}/{thread}/status") as file:
                lines = dict(line.split(":\t", 1) for line in file.read().splitlines() if ":\t" in line)
                result[f"{lines['Name']} {thread}"] = int(lines["voluntary_ctxt_switches"])
        return result


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def clean_up(folder, bench, group):
    """Ends all that a benchmark began. `group`: how the names of its control groups begin."""
    with contextlib.suppress(Exception):
        bench.stop_launchers()
    for child in list(children):
        # A peer may stand still.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGCONT)
        if child.stdin:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.close()
        end(child, patience=15)
    for top, names, _ in os.walk("/sys/fs/cgroup"):
        for name in [name for name in names if name.startswith(group)]:
            for inner, _, _ in os.walk(os.path.join(top, name), topdown=False):
                try:
                    os.rmdir(inner)
                except OSError as error:
                    print(f"bench: caution: {error}", file=sys.stderr)
            names.remove(name)
    if bench.options.keep:
        print(f"What the Launchers wrote stays in {folder}")
        return
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        print(f"bench: caution: {folder} could not be removed", file=sys.stderr)


def conduct(make, options, group):
    """Runs the benchmark that `make` makes of a folder and the options, writes what it is to write, and clears up.

    `group`: how the names of its control groups begin.
    """
    if os.geteuid() != 0:
        sys.exit("The benchmark makes sandboxes, and needs root for that.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = tempfile.mkdtemp(prefix="altp-bench-", dir=os.environ.get("ALTP_BENCH_DIR", "/var/tmp"))
    # Scripts without a sandbox pass through it under users of their own.
    os.chmod(folder, 0o711)
    bench = make(folder, options)
    try:
        bench.run()
        if getattr(options, "output", None):
            with open(options.output, "w") as file:
                json.dump(bench.page.result, file, indent=1)
                file.write("\n")
        if options.table:
            with open(options.table, "w") as file:
                file.write(bench.page.markdown())
    except KeyboardInterrupt:
        sys.exit(130)
    except (Failure, subprocess.SubprocessError) as problem:
        options.keep = True
        sys.exit(f"bench: {problem}")
    finally:
        clean_up(folder, bench, group)
