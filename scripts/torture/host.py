"""A host folder of this suite's own, its Launcher, and the API."""

import ctypes
import json
import os
import pathlib
import select
import signal
import socket
import threading
import time

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent
BINARIES = pathlib.Path(os.environ.get("ALTP_BIN", PACKAGE / ".build" / "release"))
PR_SET_CHILD_SUBREAPER = 36


class Failure(Exception):
    """The suite cannot go on."""


class Unsent(Exception):
    """A request that certainly did not reach the Launcher."""


class Unanswered(Exception):
    """A request of which nobody knows whether it was taken."""


class Host:
    def __init__(self, folder, name, settings=""):
        self.folder = pathlib.Path(folder)
        self.name = name
        self.state = self.folder / "state"
        self.socket = str(self.folder / "run" / "altp.sock")
        self.log = open(self.folder / "launcher.log", "wb", buffering=0)
        self.trap = Trap()
        self.write(
            "host/altp.yaml", f"state: {self.state}\nrun: {self.folder}/run\ncgroup: {name}\ncpu: 64\nmemory: 64G\n"
            f"keep_free: 16M\n{settings}")

    def write(self, name, content, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)

    def ask(self, method, target, body=None):
        """A request's status and answer. (http.client takes a second to load in the virtual machine.)"""
        text = b"" if body is None else json.dumps(body).encode()
        kind = "Content-Type: application/json\r\n" if text else ""
        head = f"{method} /api/v1{target} HTTP/1.1\r\nHost: altp\r\nConnection: close\r\n{kind}Content-Length: {len(text)}\r\n\r\n"
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(60)
            try:
                connection.connect(self.socket)
            except OSError as error:
                raise Unsent(str(error)) from None
            answer = b""
            try:
                connection.sendall(head.encode() + text)
                while chunk := connection.recv(65536):
                    answer += chunk
            except OSError as error:
                raise Unanswered(str(error)) from None
        head, _, text = answer.partition(b"\r\n\r\n")
        fields = head.decode().lower().split("\r\n")
        if f"content-length: {len(text)}" not in fields:
            raise Unanswered("the answer was cut short")
        return int(fields[0].split()[1]), json.loads(text or b"null")

    def counts(self):
        """How many Processings wait, and how many run."""
        _, answer = self.ask("GET", "/statistics")
        return sum(task["waiting"] for task in answer["tasks"]), sum(task["running"] for task in answer["tasks"])


class Trap:
    """What is to happen at the next happening of a kind: at once, in the thread that saw it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kind = self.deed = None

    def arm(self, kind, deed):
        with self.lock:
            self.kind, self.deed = kind, deed

    def disarm(self):
        """Whether it had not been sprung."""
        with self.lock:
            was_armed, self.kind = self.kind is not None, None
            return was_armed

    def seen(self, kind):
        if kind == self.kind:
            with self.lock:
                is_ours, self.kind = kind == self.kind, None if kind == self.kind else self.kind
            if is_ours:
                self.deed()


class Launcher:
    """One life of the Launcher."""

    # What its log says, and what of that is a moment.
    MOMENTS = [(b"msg=Event ", "accepted"), (b'"Script starts"', "recorded"), (b'"Script ended"', "taken"),
               (b'"Script goes on"', "adopted"), (b'"Processing ended"', "done")]

    def __init__(self, host):
        self.host = host
        self.ready = threading.Event()
        self.errors = []
        reading, writing = os.pipe2(os.O_CLOEXEC)
        self.started = time.monotonic()
        self.pid = os.posix_spawn(
            BINARIES / "altp", ["altp", "serve", "--config", str(host.folder / "host")], os.environ,
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, writing, 1),
                          (os.POSIX_SPAWN_DUP2, writing, 2)], setsid=True)
        # Nobody but `end` waits for it, so the number stays its own.
        self.pidfd = os.pidfd_open(self.pid)
        Orphans.spared.add(self.pid)
        os.close(writing)
        self.reader = threading.Thread(target=self._read, args=(reading,), daemon=True)
        self.reader.start()

    def _read(self, pipe):
        rest = b""
        while chunk := os.read(pipe, 65536):
            self.host.log.write(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                if line.startswith(b"altp-launcher ready"):
                    self.ready.set()
                if b"level=error" in line or (line.startswith(b"altp") and not line.startswith(b"altp-launcher ready")):
                    self.errors.append(line.decode(errors="replace"))
                for mark, kind in self.MOMENTS:
                    if mark in line:
                        self.host.trap.seen(kind)
        os.close(pipe)

    def signal(self, number):
        try:
            signal.pidfd_send_signal(self.pidfd, number)
        except ProcessLookupError:
            pass

    def runs(self, seconds=0):
        """Waits so long for its end; whether it still runs then."""
        return not select.select([self.pidfd], [], [], seconds)[0]

    def end(self, number, seconds=60):
        """Its exit status, negative for a signal."""
        self.signal(number)
        if self.runs(seconds):
            self.signal(signal.SIGKILL)
            raise Failure(f"the Launcher did not end within {seconds} s of signal {number}")
        status = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        Orphans.spared.discard(self.pid)
        os.close(self.pidfd)
        self.reader.join()
        return status

    def await_ready(self, seconds=60):
        end = time.monotonic() + seconds
        while not self.ready.wait(0.05):
            if not self.runs():
                self.reader.join()
                raise Failure(f"the Launcher did not start: {'; '.join(self.errors) or 'it said nothing'}")
            if time.monotonic() > end:
                raise Failure(f"the Launcher was not ready after {seconds} s")


class Orphans(threading.Thread):
    """This process inherits what a killed Launcher started, and so sees each one's end."""

    spared = set()

    def __init__(self):
        super().__init__(daemon=True)
        if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
            raise Failure("prctl PR_SET_CHILD_SUBREAPER")

    def run(self):
        while True:
            time.sleep(0.02)
            for pid in self.children() - self.spared:
                try:
                    os.waitpid(pid, os.WNOHANG)
                except ChildProcessError:
                    pass

    @staticmethod
    def children():
        found = set()
        for task in os.listdir("/proc/self/task"):
            try:
                found |= set(map(int, pathlib.Path(f"/proc/self/task/{task}/children").read_text().split()))
            except OSError:
                pass
        return found
