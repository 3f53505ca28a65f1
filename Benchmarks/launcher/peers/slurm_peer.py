"""Slurm on one node, in namespaces of its own: `slurm_peer.py FOLDER default|tuned`.

It starts itself again as the first process of new network, process and mount namespaces: its daemons are seen by nobody,
and all end with it.
"""

import os
import subprocess
import sys
import time

from protocol import serve, wait_until

# The least that has Slurm run on one node without a database; nothing is accounted for or confined.
BASE = """
ClusterName=bench
SlurmctldHost=localhost
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
SlurmctldPort=6817
SlurmdPort=6818
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MaxJobCount=20000
NodeName=localhost CPUs={processors} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
# What its guide for high throughput advises, as far as it applies. It looks for what may start once a second, and then
# fills the node's processors: by default two jobs a second on two of them, so the node claims to have more.
TUNED = """
SchedulerParameters=batch_sched_delay=1,sched_interval=1,sched_min_interval=1
SlurmdParameters=config_overrides
EpilogMsgTime=0
MinJobAge=2
SlurmctldDebug=error
SlurmdDebug=error
"""
PROCESSORS = {"default": os.cpu_count(), "tuned": 64}


def run(*command, **options):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise SystemExit(f"slurm: {command[0]}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    return done.stdout


def last_line(path):
    try:
        with open(path) as file:
            return (file.read().strip().splitlines() or ["it said nothing"])[-1]
    except OSError:
        return "it said nothing"


def start(folder, kind):
    run("ip", "link", "set", "lo", "up")
    # With nothing but 127.0.0.1 Slurm finds no address to listen at. This one is for documentation, and seen by nobody.
    run("ip", "address", "add", "192.0.2.1/32", "dev", "lo")
    for name in ["state", "spool"]:
        os.mkdir(os.path.join(folder, name))
    with open(os.path.join(folder, "slurm.conf"), "w") as file:
        file.write((BASE + (TUNED if kind == "tuned" else "")).format(
            folder=folder, processors=PROCESSORS[kind]))
    # The node's daemon asks for no control groups: the host's are not ours to change.
    with open(os.path.join(folder, "cgroup.conf"), "w") as file:
        file.write("CgroupAutomount=no\n")
    with open(os.path.join(folder, "munge.key"), "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(os.urandom(128))
    os.environ["SLURM_CONF"] = f"{folder}/slurm.conf"
    daemons = {
        "munged": ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket",
                   f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"],
        "slurmctld": ["slurmctld", "-D", "-c", "-f", f"{folder}/slurm.conf"],
        "slurmd": ["slurmd", "-D", "-f", f"{folder}/slurm.conf", "-N", "localhost"],
    }
    for name, command in daemons.items():
        with open(os.path.join(folder, f"{name}.out"), "w") as log:
            child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if name == "munged":
            wait_until(lambda: os.path.exists(f"{folder}/munge.socket") or child.poll() is not None, "munged", 0.01, 20)
        time.sleep(0.5)
        if child.poll() is not None:
            raise SystemExit(f"slurm: {name} ended: {last_line(os.path.join(folder, f'{name}.out'))}")

    def is_idle():
        done = subprocess.run(["sinfo", "-h", "-o", "%t"], capture_output=True, text=True)
        return done.stdout.strip() == "idle"

    wait_until(is_idle, "slurm's node", 0.1, 30)


class Site:
    """What is handed in: by default a job for each step, tuned an array of jobs."""

    def __init__(self, folder, kind):
        self.is_tuned = kind == "tuned"
        self.script = os.path.join(folder, "job")
        self.folder = folder
        with open(self.script, "w") as file:
            file.write("#!/bin/sh\n/bin/true\n")

    def submit(self, *options):
        out = run("sbatch", "--parsable", "--output=/dev/null", *options, self.script, cwd=self.folder)
        return int(out.split(";")[0])

    def round_of(self, steps, count):
        if self.is_tuned:
            jobs = [self.submit(f"--array=1-{count}")]
            for _ in range(steps - 1):
                jobs.append(self.submit(f"--array=1-{count}", f"--dependency=aftercorr:{jobs[-1]}"))
        else:
            jobs = []
            for _ in range(count):
                jobs.append(self.submit())
                for _ in range(steps - 1):
                    jobs.append(self.submit(f"--dependency=afterok:{jobs[-1]}"))
        wait_until(lambda: not run("squeue", "-h", "-o", "%i").strip(), "slurm's queue", 0.02)
        states = run("scontrol", "-o", "show", "job").splitlines()
        failed = [line for line in states if "JobState=" in line and "JobState=COMPLETED" not in line]
        if failed:
            raise SystemExit(f"slurm: a job did not succeed: {failed[0]}")


def main():
    folder, kind = sys.argv[1:3]
    if os.environ.get("SLURM_PEER") != "inside":
        os.environ["SLURM_PEER"] = "inside"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                              sys.executable, "-B", *sys.argv])
    start(folder, kind)
    serve(Site(folder, kind).round_of)


main()
