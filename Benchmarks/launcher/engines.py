"""The engines that a Launcher is measured against, where they can be had."""

import os
import shutil

from contenders import Peer, PeerChains
from host import PROGRAMS, Failure

PYTHON = os.path.join(PROGRAMS, "venv/bin/python")


def lacking_module(name):
    if not os.path.exists(PYTHON):
        return "its Python environment could not be made; what pip said is above"
    site = os.path.join(PROGRAMS, "venv/lib")
    if not any(os.path.isdir(os.path.join(site, version, "site-packages", name)) for version in os.listdir(site)):
        return f"{name} could not be installed; what pip said is above"
    return None


def lacking_program(*names):
    missing = [name for name in names if not shutil.which(name)]
    return f"{', '.join(missing)}: not installed; what apt-get said is above" if missing else None


def engines(count, quick):
    """As (key, name, why it cannot be measured or None, command, steps of a round, most rounds)."""
    huey, luigi = lacking_module("huey"), lacking_module("luigi")
    slurm = lacking_program("slurmctld", "slurmd", "sbatch", "munged", "unshare", "ip")
    few = 1 if quick else 3
    processors = os.cpu_count()
    yield "huey", "huey", huey, [PYTHON, "-B", "huey_peer.py", str(processors)], count, None
    yield ("huey tuned", f"huey, {2 * processors} workers", huey, [PYTHON, "-B", "huey_peer.py", str(2 * processors)], count, None)
    yield ("huey unflushed", "huey, its database not flushed", huey, [PYTHON, "-B", "huey_peer.py", str(processors), "unsafe"], count,
           None)
    yield "luigi", "Luigi", luigi, [PYTHON, "-B", "luigi_peer.py"], max(40, count // 6), few
    # A job takes it a second.
    yield ("slurm", "Slurm, default settings", slurm, ["/usr/bin/python3", "-B", "slurm_peer.py", "default"],
           8 if quick else 20, 1)
    yield ("slurm tuned", "Slurm, tuned", slurm, ["/usr/bin/python3", "-B", "slurm_peer.py", "tuned"],
           max(40, count // 3), few)


def start_engines(page, folder, count, quick):
    """Starts those that can be; each gives two contenders. Returns both."""
    peers, contenders = [], []
    for key, name, reason, command, steps, most in engines(count, quick):
        if reason:
            page.skip(name, reason)
            continue
        try:
            peer = Peer(name, os.path.join(folder, key.replace(" ", "-")), command)
            # Once, so that what cannot run is known before it counts.
            peer.ask(1, 1)
        except (Failure, OSError) as problem:
            page.skip(name, f"does not run here: {problem}")
            continue
        peers.append(peer)
        contenders.append(PeerChains(f"{key} one", f"{name}, one-step chains", peer, 1, steps, most_rounds=most))
        contenders.append(PeerChains(f"{key} four", f"{name}, four-step chains", peer, 4, steps // 4, most_rounds=most))
    return peers, contenders
