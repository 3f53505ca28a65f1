"""The HTTP API against its own description.

    test_api.py [--seconds N] [--seed N] [--only matrix|fuzz] [--keep FOLDER]

Starts a Launcher with Tasks of every kind in a folder of its own, takes the description that it serves, and holds it against
OpenAPI 3.1, against each caller on each route, and against what schemathesis makes up."""

import argparse
import json
import pathlib
import signal
import sys
import time

import openapi_spec_validator

import describe_fields
import examples
import forward
import fuzz
import host as hosts
import matrix
import routes_table


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--seconds", type=int, default=150, help="for schemathesis as a whole")
    options.add_argument("--seed", type=int, default=1, help="of what schemathesis makes up")
    options.add_argument("--only", choices=["matrix", "fuzz"])
    options.add_argument("--keep", type=pathlib.Path, help="where schemathesis' reports are to stay")
    options = options.parse_args()

    # Whoever ends this ends the Launcher too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    failures = []
    host = hosts.Host()
    began = time.monotonic()
    try:
        host.start()
        root = hosts.asking(lambda: hosts.connected(host.socket))
        answer = root("GET", "/api/v1/openapi.json")
        if answer.status != 200:
            raise hosts.Failure(f"GET /api/v1/openapi.json: {answer.status} {answer.body!r}")
        document = answer.json
        errors = list(openapi_spec_validator.OpenAPIV31SpecValidator(document).iter_errors())
        failures += [f"the description is no OpenAPI 3.1: {error.message} at {list(error.absolute_path)}" for error in errors]
        operations = len(list(matrix.operations(document)))
        print(f"== description: {operations} operations, {len(document['components']['schemas'])} schemas, {len(answer.body)} bytes",
              flush=True)
        failures += stale(document, host.folder)
        host.fill(root)
        count, wrong = examples.run(host.socket)
        print(f"== examples: {count} of docs/api.md", flush=True)
        failures += wrong
        whole = matrix.Matrix(host, document)
        if options.only != "fuzz":
            callers, _ = whole.run()
            print(f"== matrix: {callers} callers on {operations} operations, {whole.tried} requests", flush=True)
        if options.only != "matrix":
            failures += fuzzed(host, document, root, options)
        if host.process.poll() is not None:
            failures.append(f"the Launcher ended with status {host.process.returncode}")
        elif options.only != "fuzz":
            whole.end_host()
        failures += whole.failures
        failures += [f"the Launcher's log: {line}" for line in host.complaints()]
    except (hosts.Failure, OSError) as error:
        time.sleep(1)
        ended = host.process.poll()
        failures.append(f"{error!r}{'' if ended is None else f'; the Launcher ended with status {ended}'}\n{host.log.read_text(errors='replace')[-3000:]}")
    finally:
        failures += [f"left behind: {line}" for line in host.close()]
    for failure in failures:
        print(f"FAILED {failure}", file=sys.stderr)
    print(f"== {'FAILED' if failures else 'as described'} after {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failures else 0


def stale(document, folder):
    """What is made of the code, and is not what would be made of it now."""
    path = folder / "description.json"
    path.write_text(json.dumps(document))
    failures = []
    for check in (lambda: describe_fields.main("--check"), lambda: routes_table.main(path, "--check")):
        try:
            check()
        except SystemExit as error:
            failures.append(str(error))
    return failures


def fuzzed(host, document, root, options):
    """schemathesis from outside, as root; and from inside a Script, about itself."""
    failures = []
    folder = options.keep or host.folder / "fuzz"
    ended = [*host.failed, host.succeeded, host.soft]
    dictionaries = {
        "id": [*ended, host.running, host.waiting],
        "key": ["quality"],
        "name": ["idle", "find", "ticks", "long", "partner", "small", "download"], "script": ["work", "first"], "number": [1, 2],
    }
    names = {operation["operationId"] for _, _, operation in matrix.operations(document)}
    for name, reason in {**fuzz.EXCLUDED, **fuzz.EXCLUDED_INSIDE}.items():
        print(f"== not for schemathesis: {name}, for {reason}", flush=True)
        if name not in names:
            failures.append(f"{name} is excluded and does not exist")

    def run(what, connect, share, **more):
        print(f"== schemathesis, {what}", flush=True)
        # schemathesis speaks TCP alone, and who asks is known by the Unix socket.
        bridge = forward.Forwarder(0, connect).start()
        values = more.pop("values", dictionaries)
        is_right = fuzz.run(document, bridge.port, folder / what.replace(" ", "-").replace(":", ""), seconds=int(options.seconds * share), seed=options.seed,
                            dictionaries=values, ended=ended, **more)
        bridge.close()
        if not is_right:
            failures.append(f"schemathesis, {what}: what it found is above")

    inside = fuzz.for_scripts(document)
    run("as root", host.socket, 0.75, excluded=inside | fuzz.EXCLUDED.keys())
    _, connect = host.lend("host", root)
    run("as a partner", hosts.remote(host.port), 0.05, only={"postToHook"}, excluded=(), headers=[f"X-Altp-Token: {hosts.PARTNER}"],
        values={"name": ["partner"]})
    run("as a Script with control: host", connect, 0.2, only=inside - fuzz.EXCLUDED_INSIDE.keys(), excluded=())
    return failures


if __name__ == "__main__":
    sys.exit(main())
