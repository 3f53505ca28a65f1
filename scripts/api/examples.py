"""Runs the examples of docs/api.md: those of the section Problems have to fail, all others to succeed."""

import pathlib
import subprocess

PAGE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/api.md"


def commands():
    """Each with whether it is to succeed. The first line defines what the others call."""
    section = ""
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("    api "):
            yield line.strip(), section != "Problems"


def run(socket):
    failures, count = [], 0
    define = next(line.strip() for line in PAGE.read_text().splitlines() if line.startswith("    api() "))
    for command, is_right in commands():
        count += 1
        ended = subprocess.run(["sh", "-c", f'{define}\n{command} -w "\\n%{{http_code}}"'], env={"ALTP_SOCKET": socket, "PATH": "/usr/bin:/bin"},
                               capture_output=True, text=True, timeout=60)
        status = ended.stdout.rpartition("\n")[2]
        if ended.returncode != 0 or (200 <= int(status) < 300) != is_right:
            failures.append(f"docs/api.md: {command}: {status} {ended.stdout[-500:]} {ended.stderr}")
    return count, failures
