"""A host folder of this test's own, its Launcher, and who can ask it."""

import array
import grp
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

from forward import connected

PACKAGE = pathlib.Path(__file__).resolve().parent.parent.parent
BINARIES = pathlib.Path(os.environ.get("ALTP_BIN", PACKAGE / ".build" / "release"))
sys.path.append(str(PACKAGE / "scripts/torture"))
import leftovers  # noqa: E402  (what a host may leave on the machine is known there)

# Neither of them is anybody's on the machine.
MEMBER_UID, STRANGER_UID, OWN_GROUP = 1_400_000_001, 1_400_000_002, 1_400_000_003
PARTNER = "the-partner-of-this-test"
CONTROLS = ["none", "self", "task", "host"]


class Failure(Exception):
    """The test cannot go on."""


class Host:
    """A folder with Tasks of every kind, and a Launcher in it."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="altp-api-"))
        self.folder.chmod(0o755)
        self.name = f"api-{os.getpid()}-{self.folder.name[-4:].lower()}"
        self.state = self.folder / "state"
        self.socket = str(self.folder / "run/altp.sock")
        self.process = None
        self.lenders = {}
        self.log = self.folder / "launcher.log"
        self._configure()

    def write(self, name, content, mode=0o644):
        path = self.folder / "host" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        path.chmod(mode)

    def _configure(self):
        # More is handed out than there is, so that what the test starts decides what waits.
        self.port = free_port()
        self.write("altp.yaml", f"state: {self.state}\nrun: {self.folder}/run\ncgroup: {self.name}\ncpu: 64\n"
                   "memory: 64G\nkeep_free: 16M\npools: {download: 2}\n"
                   f"api: {{listen: ['127.0.0.1:{self.port}'], limits: {{requests_per_second: 10000, burst: 10000}}}}\n")
        # Nobody listens there.
        with open(self.folder / "host/altp.yaml", "a") as settings:
            settings.write("notify: [{name: nobody, url: 'http://127.0.0.1:9/', outcomes: [failed], timeout: 1s, retry_for: 1h}]\n")
        self.write("webhooks/partner.yaml", f"type: find\nid: '${{body.id}}'\ntoken_sha256: {hashlib.sha256(PARTNER.encode()).hexdigest()}\n")
        for control in CONTROLS:
            self.write(f"policies/{control}.yaml", f"limits: {{cpu: 0.5, memory: 256M, wall_time: 1h, grace: 1s}}\ncontrol: {control}\n")
            self.write(f"tasks/{control}.yaml", f"description: Lends its identity\npolicy: {control}\nkeep: {{success: 1h}}\n"
                       "scripts: [{name: work, run: [python3, /scripts/forward.py, /processing/lent.sock, /run/altp.sock]}]\n")
            self.write(f"tasks/{control}/forward.py", (PACKAGE / "scripts/api/forward.py").read_text())
        self.write("policies/small.yaml", "limits: {cpu: 0.5, memory: 128M, wall_time: 2m, grace: 1s}\n")
        self.write("tasks/idle.yaml", "policy: small\nkeep: {success: 1h}\nparams: {scene: {type: string, default: a}, cloud: {type: number}}\n"
                   "scripts: [{name: work, run: 'true'}]\n")
        self.write("tasks/fails.yaml", "policy: small\nscripts:\n  - {name: first, run: 'echo one > /processing/one'}\n"
                   "  - {name: work, run: 'echo wrong >&2; echo two > two; exit 3'}\n  - {name: last, run: 'true'}\n")
        self.write("tasks/soft.yaml", "policy: small\nscripts: [{name: work, run: 'exit 75', retry: {limit: 1, delay: 1s}}]\n")
        self.write("tasks/long.yaml", "policy: small\nmax_running: 1\nscripts: [{name: work, run: 'echo begun; sleep 100', pools: {download: 1}}]\n")
        self.write("tasks/find.yaml", "on_event: find\npolicy: small\nmax_running: 2\nkeep: {success: 1h}\n"
                   "params: {name: {type: string, default: none}}\nscripts: [{name: work, run: 'echo \"$ALTP_EVENT\"'}]\n")
        self.write("tasks/ticks.yaml", "every: 1h\ndescription: Paused before its first tick\npolicy: small\nscripts: [{name: work, run: 'true'}]\n")

    # MARK: The Launcher

    def start(self):
        try:
            self.group = grp.getgrnam("altp").gr_gid
            prefix = []
        except KeyError:
            # The machine need not have the group: the Launcher alone sees one, in a list of its own.
            self.group = OWN_GROUP
            groups = self.folder / "group"
            groups.write_text(pathlib.Path("/etc/group").read_text() + f"altp:x:{OWN_GROUP}:\n")
            prefix = ["unshare", "--mount", "sh", "-ec", 'mount --bind "$0" /etc/group; exec "$@"', groups]
        command = [*prefix, BINARIES / "altp", "serve", "--config", self.folder / "host"]
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        self.until("the Launcher is ready", lambda: b"altp-launcher ready" in self.log.read_bytes() or self._check_running())

    def _check_running(self):
        if self.process.poll() is not None:
            raise Failure(f"the Launcher did not start: {self.log.read_text()[-2000:]}")

    def complaints(self):
        """What its log says that it should not."""
        return [line for line in self.log.read_text(errors="replace").splitlines()
                if "level=error" in line or '"level":"error"' in line or "Fatal error" in line]

    @staticmethod
    def until(what, look, seconds=60):
        end = time.monotonic() + seconds
        while not (found := look()):
            if time.monotonic() > end:
                raise Failure(f"waited {seconds} s in vain: {what}")
            time.sleep(0.02)
        return found

    def close(self):
        """Ends the Launcher and its sandboxes, whatever state they are in; says what it left on the machine."""
        if self.process and self.process.poll() is None:
            # Its running Scripts too.
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        left = leftovers.settled(lambda: leftovers.of_machine(self)) if self.process else []
        for group in leftovers.groups(self):
            try:
                for pid in (group / "cgroup.procs").read_text().split():
                    os.kill(int(pid), signal.SIGKILL)
            except OSError:
                pass
        leftovers.settled(lambda: [group for group in leftovers.groups(self) if not self._remove(group)], 5)
        for group in leftovers.own_groups(self):
            self._remove(group)
        shutil.rmtree(self.folder, ignore_errors=True)
        return left

    @staticmethod
    def _remove(group):
        try:
            os.rmdir(group)
            return True
        except OSError:
            return False

    # MARK: What it has to show

    def fill(self, ask):
        """Processings that failed, succeed, wait and run, an Event, and a paused Task."""
        def sent(target, body=None):
            answer = ask("POST", "/api/v1" + target, body)
            if answer.status not in (200, 201):
                raise Failure(f"POST {target}: {answer.status} {answer.body!r}")
            return answer.json

        sent("/tasks/ticks/pause", {"reason": "for the test"})
        self.failed = [sent("/tasks/fails/trigger")["id"] for _ in range(3)]
        self.succeeded = sent("/tasks/idle/trigger")["id"]
        self.soft = sent("/tasks/soft/trigger")["id"]
        self.running = sent("/tasks/long/trigger")["id"]
        self.waiting = sent("/tasks/long/trigger")["id"]
        self.event = sent("/events", {"type": "find", "key": "first", "params": {"name": "LC08"}})["event"]["id"]
        self.found = self.until("the Event's Processing", lambda: ask("GET", f"/api/v1/events/{self.event}").json["processings"])[0]
        for number in [*self.failed, self.found, self.succeeded, self.soft]:
            self.until(f"Processing {number} ends", lambda: "ended_at" in ask("GET", f"/api/v1/processings/{number}").json)

    def lent(self, control):
        """The socket of the Script that lends this control now."""
        return self.lenders[control]

    def lend(self, control, ask):
        """A running Script with this control: its Processing, and how to connect as it."""
        # It may have been paused meanwhile.
        ask("POST", f"/api/v1/tasks/{control}/resume")
        number = ask("POST", f"/api/v1/tasks/{control}/trigger").json["id"]
        folder = self.until("the Script's directory", lambda: ask("GET", f"/api/v1/processings/{number}").json.get("directory"))
        lent = self.lenders[control] = pathlib.Path(folder) / "shared/lent.sock"
        self.until(f"the Script of {control} listens", lent.exists)

        def connect():
            # Its path may be longer than an address of a Unix socket.
            descriptor = os.open(lent.parent, os.O_PATH)
            try:
                return connected(f"/proc/self/fd/{descriptor}/{lent.name}")
            finally:
                os.close(descriptor)

        self.until(f"the Script of {control} answers", lambda: reaches(connect))
        return number, connect


# MARK: Requests

class Answer:
    def __init__(self, response, limit=64 << 20):
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.kind = self.headers.get("content-type", "").split(";")[0]
        # A stream of events has no end.
        endless = self.kind == "text/event-stream" or self.status == 101
        self.body = b"" if endless else response.read(limit)

    @property
    def json(self):
        return json.loads(self.body)


def asking(connect, headers=None):
    """A function that asks through connections of this kind."""
    def ask(method, target, body=None, seconds=60):
        connection = http.client.HTTPConnection("localhost")
        connection.sock = connect()
        connection.sock.settimeout(seconds)
        content = None if body is None else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if content else {}
        try:
            connection.request(method, target, content, {**kind, **(headers or {})})
            return Answer(connection.getresponse())
        finally:
            connection.close()
    return ask


def remote(port):
    return lambda: socket.create_connection(("127.0.0.1", port))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def reaches(connect):
    try:
        connect().close()
        return True
    except OSError:
        return False


def user(path, uid, groups=()):
    """How to connect as another user: what counts is who connects, and the socket can be passed on."""
    def connect():
        ours, theirs = socket.socketpair()
        with ours, theirs:
            pid = os.fork()
            if pid == 0:
                try:
                    os.setgroups(list(groups))
                    os.setresgid(uid, uid, uid)
                    os.setresuid(uid, uid, uid)
                    with connected(path) as connection:
                        theirs.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))])
                except OSError as error:
                    theirs.send(str(error.errno).encode())
                finally:
                    os._exit(0)
            _, descriptors, _, _ = message = socket.recv_fds(ours, 16, 1)
            os.waitpid(pid, 0)
            if not descriptors:
                number = int(message[0] or b"0")
                raise OSError(number, os.strerror(number))
            return socket.socket(fileno=descriptors[0])
    return connect
