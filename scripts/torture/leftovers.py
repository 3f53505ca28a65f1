"""What is on the machine, and in the state folder, that nothing needs any more."""

import ctypes
import os
import pathlib
import re
import sqlite3
import time

# altp.yaml's defaults for the uids of sandboxes.
FIRST_UID, UIDS = 1_879_048_192, 65_536
# QCMD(Q_GETNEXTQUOTA, PRJQUOTA)
QUOTACTL_FD, NEXT_PROJECT_QUOTA = 443, 0x800009 << 8 | 2
ATTEMPT_FILES = {"spec.json", "scratch", "disk", "lock", "plan", "log", "outcome.json", "events.jsonl", "upper", "work", "baseline"}
STATE = {"altp.db", "altp.db-wal", "altp.db-shm", "content", "disk-templates", "lock", "processings", "rootfs", "root", "sessions", "remnants",
         "ballast"}


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
            try:
                target = os.readlink(descriptor)
            except FileNotFoundError:
                continue
            if re.match(r"(mnt|net|pid|user|ipc|uts|cgroup):", target) or "pidfd" in target or target.startswith(f"{host.state}/processings"):
                found.append(f"the Launcher holds {target}")
    return found


def own_groups(host):
    """The Launcher's, in all hierarchies. Others' come and go meanwhile, which os.walk passes over."""
    return [pathlib.Path(path) for root in roots() for path, _, _ in os.walk(root) if path.endswith(f"/{host.name}")]


def groups(host):
    """Those of sandboxes, the innermost first."""
    return [pathlib.Path(path) for own in own_groups(host) for path, _, _ in os.walk(own, topdown=False) if path != str(own)]


def roots():
    lines = [line.split() for line in pathlib.Path("/proc/self/mounts").read_text().splitlines()]
    return {pathlib.Path(mount) for _, mount, kind, *_ in lines if kind in ("cgroup", "cgroup2")}


def of_state(host, went_down=False):
    """Directories and files that no record asks for. Where the host went down, a lost attempt may have half an outcome."""
    files = ATTEMPT_FILES | ({"outcome.json.new"} if went_down else set())
    found = [f"{host.state}/{name}" for name in os.listdir(host.state) if name not in STATE]
    # In the host's sight nothing is ever there.
    found += [f"{host.state}/root/{name}" for name in os.listdir(f"{host.state}/root")]
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
            found += [f"{folder}/{name}/{file}" for file in set(os.listdir(folder / name)) - files]
    used = {name for name, in database.execute("SELECT DISTINCT scripts FROM processing")}
    found += [f"{host.state}/content/{name}" for name in set(os.listdir(host.state / "content")) - used]
    templates = host.state / "disk-templates"
    if templates.exists():
        found += [f"{templates}/{name}" for name in os.listdir(templates) if not re.fullmatch(r"ext4-\d+-\d+", name)]
    return found


def of_quota(host):
    """Projects that still have a limit, although no Processing has their block of uids any more; none without quotas."""
    class Quota(ctypes.Structure):
        # struct if_nextdqblk of linux/quota.h
        _fields_ = [(name, ctypes.c_uint64) for name in
                    ["most_blocks", "soft_blocks", "bytes", "most_inodes", "soft_inodes", "inodes", "block_time", "inode_time"]]
        _fields_ += [("valid", ctypes.c_uint32), ("id", ctypes.c_uint32)]

    database = sqlite3.connect(f"file:{host.state}/altp.db?mode=ro", uri=True)
    held = {FIRST_UID + block * UIDS for block, in database.execute("SELECT uid_block FROM processing WHERE uid_block IS NOT NULL")}
    folder = os.open(host.state, os.O_DIRECTORY)
    found, quota, number = [], Quota(), FIRST_UID
    while ctypes.CDLL(None).syscall(QUOTACTL_FD, folder, NEXT_PROJECT_QUOTA, number, ctypes.byref(quota)) == 0:
        if (quota.most_blocks or quota.most_inodes) and quota.id not in held:
            found.append(f"project {quota.id} has a limit of {quota.most_blocks} KiB and {quota.most_inodes} inodes")
        number = quota.id + 1
    os.close(folder)
    return found


def settled(look, seconds=10):
    """What is there after a while: the kernel takes its time."""
    end = time.monotonic() + seconds
    while (found := look()) and time.monotonic() < end:
        time.sleep(0.1)
    return found
