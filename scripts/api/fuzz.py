"""Runs schemathesis against a Launcher: what the description allows and what it does not, operation by operation and in sequences."""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent

# What is not tried this way, and why. Each is tried by name elsewhere.
EXCLUDED = {
    "stopHost": "it ends the Launcher that is tried; the matrix ends with it",
    "postToHook": "who is no partner gets 401 whatever the request; it is tried as one",
    "openSessionStream": "a WebSocket, which schemathesis does not speak; Tests/EndToEnd/Enter and SessionRelayTests do",
}
# The same when the requests come from inside a Script.
EXCLUDED_INSIDE = {
    "endSelf": "it ends the Script through which the requests come; the matrix and Tests/EndToEnd try it",
}
# Answers have no field that the description does not name: clients have to bear such fields, the Launcher does not send them.
CLOSED = {"type", "properties"}


def strict(document):
    """The description, with its answers closed to fields that it does not name."""
    document = json.loads(json.dumps(document))
    for name, schema in document["components"]["schemas"].items():
        if CLOSED <= schema.keys() and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    return document


def configuration(dictionaries):
    """The settings, with the values that parameters get half of the time, so that requests find something."""
    text = (HERE / "schemathesis.toml").read_text()
    lines, bindings = [], ["\n[parameters]"]
    for name, values in dictionaries.items():
        lines.append(f"\n[dictionaries.{name}]\nvalues = {json.dumps(values)}")
        bindings.append(f'"path.{name}" = {{ dictionary = "{name}", probability = 0.6 }}')
    # Else most would be refused for their version alone.
    lines.append('\n[dictionaries.version]\nvalues = ["*"]')
    lines.append('\n[dictionaries.key_of_request]\nvalues = ["key"]')
    bindings.append('"header.Idempotency-Key" = { dictionary = "key_of_request", probability = 0.9 }')
    bindings.append('"header.If-Match" = { dictionary = "version", probability = 0.8 }')
    return text + "\n".join(lines + bindings) + "\n"


def for_scripts(document):
    """The operations that are for Scripts alone: who is none gets 403 whatever the request, which the matrix tries."""
    return {operation["operationId"] for item in document["paths"].values() for operation in item.values()
            if operation["x-access"].get("role", "") is None}


def run(document, port, folder, *, seconds, seed, dictionaries, ended, only=None, excluded, headers=()):
    """Whether all was as described. The report goes to standard output.

    ended: the Processings whose logs may be followed, since they have an end."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "openapi.json").write_text(json.dumps(strict(document)))
    (folder / "schemathesis.toml").write_text(configuration(dictionaries))
    command = [
        pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", folder / "schemathesis.toml", "run",
        folder / "openapi.json", "--url", f"http://127.0.0.1:{port}", "--seed", str(seed), "--max-time", str(seconds),
        "--checks", "all", "--exclude-checks", "ignored_auth,object_level_authorization", "--no-color",
        "--report", "ndjson", "--report-dir", folder / "report",
    ]
    for name in excluded:
        command += ["--exclude-operation-id", name]
    for header in headers:
        command += ["--header", header]
    for name in only or []:
        command += ["--include-operation-id", name]
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environment |= {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "ALTP_ENDED": json.dumps(ended)}
    return subprocess.run(command, cwd=folder, env=environment).returncode == 0
