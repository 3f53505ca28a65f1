"""huey with SQLite: `huey_peer.py FOLDER WORKERS [unsafe]`, its consumer a process of its own with so many workers.

They look for work every 2 to 20 ms (by default 0.1 to 10 s), which favours it. With `unsafe` its database is not flushed:
a power cut may lose what was acknowledged.
"""

import os
import subprocess
import sys

from protocol import serve, wait_until

folder = sys.argv[1]
os.environ["HUEY_FOLDER"] = folder
workers = sys.argv[2]
if sys.argv[3:] == ["unsafe"]:
    os.environ["HUEY_UNSAFE"] = "1"

from huey_step import huey, step  # noqa: E402 (it reads the environment)


def round_of(steps, count):
    for _ in range(count):
        chain = step.s()
        for _ in range(steps - 1):
            chain = chain.then(step)
        huey.enqueue(chain)
    wait_until(lambda: huey.result_count() >= steps * count, "huey's results")
    # A failure is a result too, another one.
    if len({bytes(value) for value in huey.all_results().values()}) != 1:
        raise SystemExit("huey: a step did not succeed")
    huey.flush()


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "consumer.log"), "w") as log:
        consumer = subprocess.Popen(
            [sys.executable, "-B", "-m", "huey.bin.huey_consumer", "huey_step.huey", "-w", workers, "-k", "process",
             "-d", "0.002", "-m", "0.02", "-n", "-q"],
            env={**os.environ, "PYTHONPATH": here}, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        serve(round_of)
    finally:
        consumer.terminate()
        consumer.wait()


main()
