#!/usr/bin/env python3
"""What a sandbox costs, on one page: `make bench-sandbox`.

Contenders take turns in rounds, so that a noisy machine hits all alike; figures are medians. Whatever this makes lies in
one folder and in control groups of one name, and is gone when it ends, also by Ctrl-C.
"""

import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAMS = os.path.join(ROOT, ".build/bench")
RELEASE = os.path.join(ROOT, ".build/release")
NAME = f"altp-bench-{os.getpid()}"
ROUNDS = int(os.environ.get("ALTP_BENCH_ROUNDS", "25"))
PAIRS = int(os.environ.get("ALTP_BENCH_PAIRS", "11"))
# Seconds after which no further round begins: a full run stays under three minutes on a busy machine too.
CONTENDERS_END, PROGRAM_END = 60, 18
children = []


def milliseconds(values):
    values = sorted(value / 1e6 for value in values)
    return statistics.median(values), values[0], values[min(len(values) - 1, int(len(values) * 0.9))]


def capture(command):
    """Runs a command to its end; a Ctrl-C is ours, and ends it through its own SIGTERM."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             start_new_session=True)
    children.append(child)
    output, errors = child.communicate(timeout=60)
    children.remove(child)
    if child.returncode != 0:
        said = [line for line in errors.splitlines() if not line.startswith("stopwatch: ")] or errors.splitlines()
        raise RuntimeError((said or [f"status {child.returncode}"])[0])
    return output


class Server:
    """A contender that stays, and makes as many sandboxes as it is asked for."""

    def __init__(self, name, command, runs):
        self.name, self.runs, self.times, self.parts = name, runs, [], []
        self.child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)
        children.append(self.child)

    def ask(self, text):
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()

    def line(self):
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.name} ended; what it said is above")
        return line.rstrip("\n")

    def round(self):
        self.ask(str(self.runs))
        for _ in range(self.runs):
            numbers = [int(word) for word in self.line().split()]
            self.times.append(numbers[0])
            self.parts.append(numbers[1:])

    def phases(self, count):
        """All runs' phases, each as a list of nanoseconds and name."""
        self.ask(f"phases {count}")
        runs = []
        for _ in range(count):
            runs.append([])
            while line := self.line():
                nanoseconds, name = line.split("\t")
                runs[-1].append((int(nanoseconds), name))
        return runs


class Command:
    """A contender that is started anew for every sandbox."""

    def __init__(self, name, command, runs):
        self.name, self.command, self.runs, self.times = name, command, runs, []

    def round(self):
        output = capture([f"{PROGRAMS}/stopwatch", str(self.runs)] + self.command)
        self.times += [int(line) for line in output.split()]


def bundle(folder, runtime):
    """An OCI bundle that has what our sandbox has: the host's /usr read-only, namespaces, limits."""
    path = os.path.join(folder, runtime)
    os.makedirs(os.path.join(path, "rootfs"))
    capture(["sh", "-c", f"cd '{path}' && exec {runtime} spec"])
    with open(os.path.join(path, "config.json")) as file:
        config = json.load(file)
    config["process"].update(terminal=False, args=["/bin/true"])
    config["root"]["readonly"] = True
    for name in ["bin", "lib", "lib64"]:
        os.symlink(f"usr/{name}", os.path.join(path, "rootfs", name))
    for name in ["usr", "proc", "dev", "sys"]:
        os.mkdir(os.path.join(path, "rootfs", name))
    config["mounts"] = [mount for mount in config["mounts"] if mount["destination"] != "/sys/fs/cgroup"]
    config["mounts"].append({"destination": "/usr", "source": "/usr", "type": "bind", "options": ["rbind", "ro"]})
    config["linux"]["cgroupsPath"] = f"/{NAME}-{runtime}"
    config["linux"].setdefault("resources", {}).update(
        memory={"limit": 1 << 30}, pids={"limit": 64}, cpu={"quota": 100000, "period": 100000})
    with open(os.path.join(path, "config.json"), "w") as file:
        json.dump(config, file)
    return path


def others(folder):
    """The peers that are installed, as (name, how to make its command, runs in a round)."""
    links = [word for name in ["bin", "lib", "lib64"] for word in ["--symlink", f"usr/{name}", f"/{name}"]]
    machine = os.path.join(folder, "machine")
    os.makedirs(machine + "/usr")
    os.makedirs(machine + "/etc")
    open(machine + "/etc/os-release", "w").close()
    for name in ["bin", "lib", "lib64"]:
        os.symlink(f"usr/{name}", os.path.join(machine, name))
    yield "bubblewrap", "bwrap", lambda: [
        "bwrap", "--unshare-all", "--die-with-parent", "--ro-bind", "/usr", "/usr", *links, "--proc", "/proc", "--dev",
        "/dev", "--tmpfs", "/tmp", "/bin/true"], 4
    for runtime in ["crun", "runc"]:
        yield runtime, runtime, lambda runtime=runtime: [runtime, "run", "--bundle", bundle(folder, runtime), "@"], 2
    yield "systemd-nspawn", "systemd-nspawn", lambda: [
        "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network", "--as-pid2", "-D", machine,
        "--bind-ro=/usr", "/bin/true"], 1


def slow_down(folder):
    """The same program inside and outside, on the same file system, in turns: medians and their ratio."""
    policy = os.path.join(folder, "policy.yaml")
    with open(policy, "w") as file:
        file.write(f"mounts:\n  - {{source: {PROGRAMS}, target: /bench}}\n")
    outside = os.path.join(folder, "outside")
    os.mkdir(outside)
    for kind, aim in [("cpu", "none that can be measured"), ("files", "under 2 %"), ("stream", "under 2 %"), ("forks", "")]:
        inner = [f"{RELEASE}/altp", "run", "--policy", policy, "--", "/bench/workload", kind, "/scratch"]
        outer = [f"{PROGRAMS}/workload", kind, outside]
        times = {True: [], False: []}
        end = time.monotonic() + PROGRAM_END
        for turn in range(2 * PAIRS):
            if turn >= 4 and turn % 2 == 0 and time.monotonic() > end:
                break
            # A B B A: a machine that gets slower, or faster, favours neither.
            # What the one before left for the disk is not this one's.
            os.sync()
            is_inside = turn % 4 in (1, 2)
            times[is_inside].append(int(capture(inner if is_inside else outer)))
        yield kind, milliseconds(times[False]), milliseconds(times[True]), aim


def features():
    def read(path):
        try:
            with open(path) as file:
                return file.read().strip()
        except OSError:
            return ""

    yield "kernel", os.uname().release
    yield "processors", str(os.cpu_count())
    # It ends with 1 where the host lacks something, and prints its findings all the same.
    report = subprocess.run([f"{RELEASE}/altp", "doctor", "--json"], capture_output=True, text=True).stdout
    for finding in json.loads(report):
        yield finding["name"], finding["detail"]
    yield "seccomp actions", read("/proc/sys/kernel/seccomp/actions_avail")
    mount = capture(["findmnt", "-n", "-o", "FSTYPE,OPTIONS", "-T", os.environ["ALTP_RUN_DIR"]]).split()
    yield "file system", mount[0] + (" with project quota" if "prjquota" in mount[1] else ", without project quota")


def phase_table(server):
    """Medians over the runs; what occurs several times in a run is added up."""
    runs, order = [], []
    for phases in server.phases(40):
        sums, counts = {}, {}
        for nanoseconds, name in phases:
            sums[name] = sums.get(name, 0) + nanoseconds
            counts[name] = counts.get(name, 0) + 1
            if name not in order:
                order.append(name)
        runs.append((sums, counts))
    total = 0.0
    for name in order:
        values = [sums.get(name, 0) / 1e6 for sums, _ in runs]
        count = max(counts.get(name, 0) for _, counts in runs)
        total += statistics.median(values)
        print(f"  {statistics.median(values):8.3f}  {min(values):8.3f}  {name}{f' ({count})' if count > 1 else ''}")
    print(f"  {total:8.3f}            all of them")


def main(folder):
    os.environ["ALTP_RUN_DIR"] = folder
    began = time.monotonic()
    floor = Server("floor (C, in one process)", [f"{PROGRAMS}/floor", f"{NAME}-floor"], 10)
    for name in ["engine", "limited"]:
        os.mkdir(os.path.join(folder, name))
    engine = Server("inside the Launcher", [f"{RELEASE}/altp-bench", f"{folder}/engine", f"{NAME}-engine"], 10)
    limited = Server("inside the Launcher, with a disk limit",
                     [f"{RELEASE}/altp-bench", f"{folder}/limited", f"{NAME}-limited", "64M"], 10)
    contenders = [
        Command("plain, no sandbox", ["/bin/true"], 10), floor, engine, limited,
        Command("altp run", [f"{RELEASE}/altp", "run", "--", "/bin/true"], 4)]
    skipped = []
    for name, executable, command, runs in others(folder):
        if not shutil.which(executable):
            skipped.append(f"{name}: not installed")
            continue
        try:
            contender = Command(name, command(), runs)
            contender.round()
            contenders.append(contender)
        except RuntimeError as error:
            skipped.append(f"{name}: does not run here: {error}")
    for contender in contenders:
        contender.round()
        contender.times.clear()
    number = 0
    while number < ROUNDS and (number < 5 or time.monotonic() - began < CONTENDERS_END):
        # Each round begins with another one.
        for index in range(len(contenders)):
            contenders[(number + index) % len(contenders)].round()
        number += 1
    medians = {contender.name: milliseconds(contender.times) for contender in contenders}
    base, bubblewrap = medians[floor.name][0], medians.get("bubblewrap", [None])[0]
    aims = {engine.name: "at most 1.30 times the floor", limited.name: "the same, by quota", "altp run": "below bubblewrap"}
    print(f"A sandbox of /bin/true, from nothing to nothing, in {number} rounds")
    print("     median       min       p90    floor    bwrap")
    for name, (median, least, most) in medians.items():
        ratio = f"{median / bubblewrap:8.2f}" if bubblewrap else "       –"
        print(f"  {median:6.2f} ms {least:6.2f} ms {most:6.2f} ms {median / base:8.2f} {ratio}  {name}"
              + (f"  (aim: {aims[name]})" if name in aims else ""))
    for text in skipped:
        print(f"  skipped {text}")
    for server in [engine, limited]:
        parts = [statistics.median(part[index] for part in server.parts) / 1e6 for index in range(4)]
        print("  {}: prepare {:.2f}, start {:.2f}, until the outcome {:.2f}, remove {:.2f} ms".format(server.name, *parts))

    print("\nSlow-down of programs inside, median of each in milliseconds")
    print("    outside    inside  slow-down")
    names = {"cpu": "cpu-bound", "files": "many small files", "stream": "sequential file", "forks": "fork and exec"}
    for kind, outside, inside, aim in slow_down(folder):
        print(f"   {outside[0]:8.1f}  {inside[0]:8.1f}  {(inside[0] / outside[0] - 1) * 100:+7.1f} %  "
              f"(min {(inside[1] / outside[1] - 1) * 100:+.1f} %)  {names[kind]}" + (f"  (aim: {aim})" if aim else ""))

    print("\nWhere the time goes inside the Launcher, median and min in milliseconds, each phase from the end of the one before")
    phase_table(engine)
    print("\nThe same with a disk limit")
    phase_table(limited)

    print("\nKernel features")
    for name, text in features():
        print(f"  {name}: {text}")
    print(f"\nTook {time.monotonic() - began:.0f} s.")


def clean_up(folder):
    for child in list(children):
        if child.stdin:
            child.stdin.close()
        child.terminate()
        try:
            child.wait(timeout=15)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    # What an interrupted peer left: its containers' groups, and its state.
    for runtime in ["crun", "runc"]:
        if shutil.which(runtime):
            listed = subprocess.run([runtime, "list", "-q"], capture_output=True, text=True).stdout.split()
            for container in listed:
                if container.startswith("altp-bench-"):
                    subprocess.run([runtime, "delete", "--force", container], capture_output=True)
    for top, names, _ in os.walk("/sys/fs/cgroup"):
        for name in [name for name in names if name.startswith(NAME)]:
            for inner, _, _ in os.walk(os.path.join(top, name), topdown=False):
                try:
                    os.rmdir(inner)
                except OSError as error:
                    print(f"bench: caution: {error}", file=sys.stderr)
            names.remove(name)
    shutil.rmtree(folder, ignore_errors=True)
    if os.path.exists(folder):
        print(f"bench: caution: {folder} could not be removed", file=sys.stderr)


if os.geteuid() != 0:
    sys.exit("The benchmark makes sandboxes, and needs root for that.")
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
place = tempfile.mkdtemp(prefix="altp-bench-", dir=os.environ.get("ALTP_BENCH_DIR", "/var/tmp"))
try:
    main(place)
except KeyboardInterrupt:
    sys.exit(130)
except RuntimeError as problem:
    sys.exit(f"bench: {problem}")
finally:
    clean_up(place)
