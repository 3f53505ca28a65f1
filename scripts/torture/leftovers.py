"""What is on the machine, and in the state folder, that nothing needs any more."""

import ctypes
import os
import pathlib
import re
import sqlite3

ATTEMPT_FILES = {"spec.json", "scratch", "disk", "root", "lock", "plan", "log", "outcome.json", "events.jsonl", "upper", "work"}
STATE = {"altp.db", "altp.db-wal", "altp.db-shm", "content", "disk-templates", "lock", "processings", "rootfs", "sessions", "remnants"}


def of_machine(host, launcher=None):
    """Mounts, loop devices, groups and processes that belong to the host; with a Launcher, none but that one's own."""
    mark = str(host.folder)
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        if mark in line or " nsfs " in line:
            found.append(f"mount {line}")
    for path in pathlib.Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            file = path.read_text().strip()
        except OSError:
            continue
        if file.startswith(mark):
            found.append(f"loop device {path.parts[3]} of {file}")
    for path in groups(host):
        found.append(f"group {path}")
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            mine = f"/{host.name}" in (process / "cgroup").read_text() or mark.encode() in (process / "cmdline").read_bytes()
            if mine and int(process.name) not in (os.getpid(), launcher and launcher.pid):
                found.append(f"process {process.name}: {(process / 'cmdline').read_bytes()[:200]}")
        except OSError:
            continue
    if launcher:
        # A namespace lives as long as a process, a mount or a descriptor holds it.
        for descriptor in pathlib.Path(f"/proc/{launcher.pid}/fd").iterdir():
            target = os.readlink(descriptor)
            if re.match(r"(mnt|net|pid|user|ipc|uts|cgroup):", target) or "pidfd" in target or target.startswith(f"{host.state}/processings"):
                found.append(f"the Launcher holds {target}")
    return found


def groups(host):
    """Those of sandboxes, in all hierarchies."""
    return [path for root in roots() for path in root.rglob(f"{host.name}/*") if path.is_dir()]


def roots():
    lines = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    return {pathlib.Path(mount) for _, mount, kind, *_ in lines if kind in ("cgroup", "cgroup2")}


def of_state(host):
    """Directories that no record asks for, and records without their directories."""
    found = [f"{host.state}/{name}" for name in os.listdir(host.state) if name not in STATE]
    database = sqlite3.connect(f"file:{host.state}/altp.db?mode=ro", uri=True)
    kept = {str(number): block for number, block in database.execute("SELECT id, uid_block FROM processing WHERE uid_block IS NOT NULL")}
    if len(set(kept.values())) != len(kept):
        found.append("two Processings have the same block of uids")
    attempts = {}
    for number, script, attempt in database.execute("SELECT processing, script, number FROM attempt"):
        attempts.setdefault(str(number), set()).add(f"{script}.{attempt}")
    there = set(os.listdir(host.state / "processings"))
    found += [f"{host.state}/processings/{name}, which no record asks for" for name in there - kept.keys()]
    for number in kept:
        folder = host.state / "processings" / number
        names = set(os.listdir(folder)) if folder.exists() else set()
        found += [f"{folder}/{name}" for name in names - attempts.get(number, set()) - {"shared"}]
        for name in names - {"shared"}:
            found += [f"{folder}/{name}/{file}" for file in set(os.listdir(folder / name)) - ATTEMPT_FILES]
    used = {name for name, in database.execute("SELECT DISTINCT scripts FROM processing")}
    found += [f"{host.state}/content/{name}" for name in set(os.listdir(host.state / "content")) - used]
    templates = host.state / "disk-templates"
    if templates.exists():
        found += [f"{templates}/{name}" for name in os.listdir(templates) if not re.fullmatch(r"ext4-\d+-\d+", name)]
    return found


def of_quota(host, first, blocks):
    """Projects that still have a limit although their Processing has no directories any more."""
    return []
