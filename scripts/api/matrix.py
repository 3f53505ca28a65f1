"""Each caller tried against each operation of the served description.

`x-access` says who may use it. Who may not has to get 403 (401 without a token that is known), who may anything else. What an
operation is tried on follows from its path; what would take the caller's own ground away is tried on it anyway, and the caller
stands up again."""

import dataclasses
import http.client
import subprocess
import time

import host as hosts

ROLES = ["viewer", "operator", "admin"]
METHODS = {"get", "put", "post", "delete", "patch"}
NOBODY = 999_999_999
# What would end the host is tried with a body that is refused, but for the last time.
ENDS_HOST = {"stopHost"}
REFUSED_BODY = {"nonsense": True}
# Bodies where what the schema alone asks for would not get far.
BODIES = {
    "stopHost": {"stop_scripts": True},
    "sendEvent": {"type": "find", "key": "matrix", "force": True},
    "postToHook": {"id": "matrix"},
    "createToken": {"name": "made-by-the-matrix", "role": "viewer"},
    "skipScript": {"script": "work"},
    "endSelf": {"outcome": "success"},
    "reportProgress": {"percent": 1},
    "collectGarbage": {"dry_run": True},
    "openSession": {"command": ["true"]},
}


@dataclasses.dataclass
class Caller:
    name: str
    ask: object
    role: str = None
    control: str = None
    # It has a webhook's own token.
    is_partner: bool = False
    # Its token is for its own Task alone.
    is_scoped: bool = False
    # What a Script, or whoever is scoped, calls its own.
    task: str = None
    processing: int = None
    connect: object = None
    # Makes it anew when it has gone.
    revive: object = None

    def may(self, access, own):
        if access.get("anyone"):
            return True
        if access.get("partner"):
            return self.is_partner
        if self.control:
            needed = access["script"]
            if needed is None or hosts.CONTROLS.index(self.control) < hosts.CONTROLS.index(needed):
                return False
            # What belongs to another Task needs control of the host.
            return not (needed == "task" == self.control and "target" in access and not own)
        if self.is_scoped and not (own if "target" in access else access.get("scoped")):
            return False
        return bool(self.role and access["role"]) and ROLES.index(self.role) >= ROLES.index(access["role"])


def operations(document):
    for path, item in sorted(document["paths"].items()):
        for method, operation in sorted(item.items()):
            if method in METHODS:
                yield method.upper(), path, operation


def sample(schema, document):
    """The least value that a schema takes."""
    if "$ref" in schema:
        return sample(document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], document)
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return sample(schema[key][0], document)
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: sample(schema["properties"][name], document) for name in schema.get("required", [])}
    if kind == "array":
        return [sample(schema["items"], document)] * schema.get("minItems", 0)
    return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": True,
            "null": None}.get(kind, "text")


class Matrix:
    def __init__(self, host, document):
        self.host, self.document = host, document
        self.failures, self.tried, self.reached = [], 0, set()
        self.root = Caller("root", hosts.asking(lambda: hosts.connected(host.socket)), role="admin")

    # MARK: Who tries

    def callers(self):
        """A row for each; people first, then Scripts by what their policy lets them steer."""
        rows = [
            self.root,
            Caller("a member of altp", hosts.asking(hosts.user(self.host.socket, hosts.MEMBER_UID, [self.host.group])), role="admin"),
            Caller("a stranger", hosts.asking(hosts.user(self.host.socket, hosts.STRANGER_UID))),
        ]
        remote = hosts.remote(self.host.port)
        rows += [
            Caller("nobody over TCP", hosts.asking(remote)),
            Caller("a wrong token", self.bearer("altp_" + "x" * 60)),
            Caller("the partner", hosts.asking(remote, {"X-Altp-Token": hosts.PARTNER}), is_partner=True),
        ]
        rows += [Caller(f"a token of a {role}", self.token(role), role=role) for role in ROLES]
        rows += [Caller(f"a token of a {role} for one Task", self.token(role, "find"), role=role, is_scoped=True, task="find",
                        processing=self.host.found) for role in ROLES]
        return rows + [self.outside()] + [self.script(control) for control in hosts.CONTROLS[1:]]

    def bearer(self, secret):
        return hosts.asking(hosts.remote(self.host.port), {"Authorization": f"Bearer {secret}"})

    def token(self, role, task=None):
        body = {"name": f"{role}-{task or 'all'}", "role": role} | ({"tasks": [task]} if task else {})
        answer = self.root.ask("POST", "/api/v1/tokens", body)
        if answer.status != 201:
            raise hosts.Failure(f"POST /api/v1/tokens: {answer.status} {answer.body!r}")
        return self.bearer(answer.json["secret"])

    def outside(self):
        """Who has the uid of a Script, but is not in its sandbox. (The Script itself has control: none, and no socket.)"""
        _, connect = self.host.lend("none", self.root.ask)
        try:
            answer = hosts.asking(connect)("GET", "/healthz")
            self.failures.append(f"a Script with control: none gets to the API: {answer.status}")
        except (OSError, http.client.HTTPException):
            pass
        uid = self.host.lent("none").stat().st_uid
        return Caller("the user of a Script, from outside", hosts.asking(hosts.user(self.host.socket, uid)), control="none")

    def script(self, control):
        caller = Caller(f"a Script with control: {control}", None, control=control, task=control)

        def revive():
            caller.processing, caller.connect = self.host.lend(control, self.root.ask)
            caller.ask = hosts.asking(caller.connect)

        caller.revive = revive
        revive()
        return caller

    # MARK: What is tried

    def target(self, caller, method, path, own):
        """The path with what its names stand for: the caller's own, or others'."""
        task = caller.task if own else "idle"
        processing = caller.processing if own else self.host.failed[0]
        values = {"name": task, "script": "work", "number": "1"}
        if path.startswith("/api/v1/processings/"):
            values["id"] = processing
        elif path.startswith("/api/v1/events/"):
            values["id"] = self.host.event
        elif path.startswith("/api/v1/hooks/"):
            values["name"] = "partner"
        parts = []
        for part in path.split("/"):
            known = part[:1] == "{" and values.get(part[1:-1], NOBODY)
            parts.append(str(known) if known else part)
        return "/".join(parts)

    def body(self, operation, is_last):
        """None where the operation takes none."""
        name = operation["operationId"]
        if "requestBody" not in operation:
            return None
        if name in ENDS_HOST and not is_last:
            return REFUSED_BODY
        if name in BODIES:
            return BODIES[name]
        content = operation["requestBody"]["content"]
        return sample(content["application/json"]["schema"], self.document) if "application/json" in content else None

    def attempt(self, caller, method, path, operation, own, is_last=False):
        access = operation.get("x-access")
        label = f"{caller.name}: {method} {path}" + (" (its own)" if own else "")
        if access is None:
            self.failures.append(f"{method} {path} does not say who may use it: x-access is missing")
            return
        self.tried += 1
        if caller.revive and not hosts.reaches(caller.connect):
            # What it was allowed to do has ended it.
            caller.revive()
        target, body = self.target(caller, method, path, own), self.body(operation, is_last)
        answer = None
        for again in range(3):
            try:
                answer = caller.ask(method, target, body)
            except (OSError, http.client.HTTPException) as error:
                if caller.revive and self.has_ended(caller):
                    # It did what it was asked for before the answer came through what it lends.
                    self.reached.add((method, path))
                    if not caller.may(access, own):
                        self.failures.append(f"{label}: it ended, and x-access is {access}")
                    caller.revive()
                    return
                self.failures.append(f"{label}: {error!r}")
                return
            if answer.status != 429:
                break
            time.sleep(min(5, float(answer.headers.get("retry-after", 1))))
        is_refused = answer.status in (401, 403)
        if is_refused == caller.may(access, own):
            self.failures.append(f"{label}: {answer.status}, and x-access is {access}: {answer.body[:300]!r}")
        elif is_refused and answer.kind != "application/problem+json":
            self.failures.append(f"{label}: refused by {answer.kind or 'nothing'}, which is no problem document")
        if answer.status >= 500:
            self.failures.append(f"{label}: {answer.status}: {answer.body[:300]!r}")
        if not is_refused and not self.is_unrouted(answer):
            self.reached.add((method, path))

    def has_ended(self, caller):
        try:
            self.host.until("its end", lambda: "ended_at" in self.root.ask("GET", f"/api/v1/processings/{caller.processing}").json, 10)
            return True
        except hosts.Failure:
            return False

    @staticmethod
    def is_unrouted(answer):
        """The router knows no such path or method: the description tells of what is not there."""
        return answer.status == 405 or (answer.status == 404 and answer.json.get("detail") == "There is nothing at this path.")

    def run(self):
        every = list(operations(self.document))
        # A stranger gets as far as the API only where the socket's folder lets it: here, so that the API is tried too.
        stranger = hosts.asking(hosts.user(self.host.socket, hosts.STRANGER_UID))
        try:
            answer = stranger("GET", "/healthz")
            self.failures.append(f"a stranger gets to the socket through its folder: {answer.status}")
        except PermissionError:
            pass
        (self.host.folder / "run").chmod(0o755)
        callers = self.callers()
        for caller in callers:
            for method, path, operation in every:
                self.attempt(caller, method, path, operation, own=False)
                if caller.task and "target" in operation.get("x-access", {}):
                    self.attempt(caller, method, path, operation, own=True)
        (self.host.folder / "run").chmod(0o750)
        for method, path, operation in every:
            if (method, path) not in self.reached:
                self.failures.append(f"no caller reached {method} {path}")
        return len(callers), len(every)

    def end_host(self):
        """The last thing: who may stop the host does."""
        for method, path, operation in operations(self.document):
            if operation["operationId"] in ENDS_HOST:
                self.attempt(self.root, method, path, operation, own=False, is_last=True)
        try:
            status = self.host.process.wait(60)
        except subprocess.TimeoutExpired:
            raise hosts.Failure("the Launcher was asked to stop, and runs a minute later") from None
        if status != 0:
            self.failures.append(f"the Launcher was asked to stop and ended with status {status}")
