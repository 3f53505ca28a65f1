"""How a peer is asked: each line `STEPS COUNT` on standard input is a round of COUNT chains of STEPS steps of /bin/true.
The answer is a line with the nanoseconds from the first one handed in until the last outcome was visible."""

import signal
import sys
import time


def serve(round_of):
    """Calls `round_of(steps, count)` for each line; it returns when all have ended, and raises when one did not end well."""
    # So that what stands in `finally` is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print("ready", flush=True)
    for line in sys.stdin:
        steps, count = (int(word) for word in line.split())
        began = time.monotonic_ns()
        round_of(steps, count)
        print(time.monotonic_ns() - began, flush=True)


def wait_until(condition, what, pause=0.002, patience=120):
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"{what}: not within {patience} s")
        time.sleep(pause)
