"""What schemathesis loads. A key that it did not make up by itself is new each time, else the second request with it would be
refused for the key alone, and its body never looked at. And a log is followed only where that ends: the log of a Script that
runs ends with the Script, and whether one runs when its turn comes depends on how fast the machine is."""

import itertools
import json
import os

import schemathesis

KNOWN = ('"8e03978e-40d5"', "key")
ENDED = {str(number) for number in json.loads(os.environ["ALTP_ENDED"])}
counter = itertools.count()


@schemathesis.hook
def before_call(context, case, kwargs):
    key = (case.headers or {}).get("Idempotency-Key")
    if key in KNOWN:
        case.headers["Idempotency-Key"] = f"key-{next(counter)}"
    if case.path.endswith("/log") and str((case.path_parameters or {}).get("id")) not in ENDED:
        follow = (case.query or {}).get("follow")
        if follow in ("1", 1, ["1"], [1]):
            case.query["follow"] = "0"
