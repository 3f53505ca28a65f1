"""What the Launcher has to do meanwhile: Tasks whose Scripts do what a plan says, and clients that send Events.

A plan is what each attempt of each Script does: `one=soft,ok;two=hard`. The last word holds for all attempts after it. So
it is known beforehand which attempts there must be, and how each ends.
"""

import os
import pathlib
import pwd
import random
import shutil
import threading

from host import Unanswered, Unsent

# What a Script does, the outcome that it must have, and how often it is chosen.
WORDS = {
    "ok": ("success", 30), "nap": ("success", 12), "long": ("success", 2), "emit": ("success", 6),
    "soft": ("soft", 14), "hard": ("hard", 4), "self": ("signal", 1), "full": ("disk", 2), "asks": ("soft", 2)}
RETRIES = 2
# The Scripts of each Task, and how often an Event is for it.
TASKS = {"plain": (["one", "two", "three"], 5), "image": (["one", "two"], 3), "listed": (["one"], 1), "layered": (["one", "two"], 2)}
# Whose Scripts are run again after a loss, beside soft failures.
RESTARTED = {"image", "layered"}

STEP = r"""#!/bin/sh
# step PLAN [SCRIPT BEFORE]: leaves a line, does what the plan says for this attempt, and leaves another.
me=$ALTP_PROCESSING/$ALTP_SCRIPT#$ALTP_ATTEMPT
tell() { echo "$me $*" >>/evidence/lines; }
tell begins
for name in /scratch/* /scratch/.[!.]*; do [ ! -e "$name" ] || [ "$name" = /scratch/lost+found ] || tell finds "$name"; done
[ -n "${2-}" ] || [ ! -e "/processing/$ALTP_SCRIPT" ] || tell stale
[ -z "${2-}" ] || [ -e "/processing/$2" ] || tell misses "$2"
echo "$me" >/scratch/mine
plan=${1#*"$ALTP_SCRIPT="}
IFS=,
number=0
for word in ${plan%%;*}; do
    number=$((number + 1))
    [ $number -lt "$ALTP_ATTEMPT" ] || break
done
unset IFS
case $word in
nap) sleep 0.2 ;;
long) sleep 1.5 ;;
emit) echo "{\"type\": \"child\", \"id\": \"$me\", \"params\": {\"plan\": \"one=ok\"}}" >>"$ALTP_EVENTS" ;;
# More than its policy's disk limit.
full) head -c 20000000 /dev/zero >/scratch/much 2>/dev/null ;;
# When the Launcher is there it is ended so; when not, it ends itself so.
asks) altp end soft --reason asked >/dev/null 2>&1 || true ;;
esac
case $word in ok | nap | long | emit) echo "$me" >"/processing/$ALTP_SCRIPT" ;; esac
tell ends "$word"
case $word in
soft | asks) exit 75 ;;
hard | full) exit 1 ;;
self) kill -KILL $$ ;;
esac
"""

POLICIES = {
    "plain": "limits: {cpu: 1, memory: 64M, wall_time: 5m}\n",
    "image": "limits: {cpu: 1, memory: 64M, wall_time: 5m, disk: 4M, inodes: 300}\n",
    "listed": "limits: {cpu: 1, memory: 128M, wall_time: 5m}\nnetwork: {allow: [\"192.0.2.1:443\"]}\n",
    "layered": "limits: {cpu: 1, memory: 64M, wall_time: 5m}\nrootfs: tree\n",
}


def write(host, make_lines=pathlib.Path.touch):
    """The host folder's Tasks, policies and rootfs, and the folder for the evidence; anew, if they are there."""
    evidence = host.folder / "evidence"
    for folder in [evidence, host.folder / "tree", host.folder / "host/tasks"]:
        shutil.rmtree(folder, ignore_errors=True)
    evidence.mkdir()
    make_lines(evidence / "lines")
    nobody = pwd.getpwnam("nobody")
    for path in [evidence, evidence / "lines"]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    mounts = f"mounts: [{{source: {evidence}, target: /evidence, mode: rw, owner: nobody}}]\n"
    for name, text in POLICIES.items():
        host.write(f"host/policies/{name}.yaml", text + mounts)
    tree(host.folder / "tree")
    host.write("host/rootfs/tree.yaml", f"directory: {host.folder}/tree\n")
    for name, (scripts, _) in {**TASKS, "child": (["one"], 0)}.items():
        text = f"on_event: {name}\nmax_running: 6\npolicy: {name if name in POLICIES else 'plain'}\n"
        text += "params: {plan: {type: string, required: true}}\n"
        # One Task's are removed at once, one's soon after, the others' stay.
        text += {"plain": "keep: {success: 0s, failed: 1h}\n", "image": "keep: {success: 1s, failed: 3s}\n"}.get(
            name, "keep: {success: 1h, failed: 1h}\n")
        text += "scripts:\n"
        kinds = "[soft, lost]" if name in RESTARTED else "[soft]"
        for index, script in enumerate(scripts):
            before = f", {scripts[index - 1]}" if index else ""
            # A later Script may add more, so that the image that they share has to grow.
            more = ", limits: {disk: 12M, inodes: 900}" if name == "image" and index else ""
            retry = f"retry: {{limit: {RETRIES}, delay: 50ms, on: {kinds}}}"
            text += f"  - {{name: {script}, run: [step, \"${{plan}}\"{before}]{more}, {retry}}}\n"
        host.write(f"host/tasks/{name}.yaml", text)
        host.write(f"host/tasks/{name}/step", STEP, 0o755)


def tree(path):
    """A root file system of busybox alone."""
    for folder in ["bin", "usr/local/bin", "etc", "tmp"]:
        (path / folder).mkdir(parents=True)
    shutil.copy("/bin/busybox", path / "bin" / "busybox")
    for name in ["sh", "sleep", "head", "kill"]:
        (path / "bin" / name).symlink_to("busybox")


def parse(plan):
    return {name: words.split(",") for name, words in (part.split("=") for part in plan.split(";"))}


def outcome(plan, script, number):
    words = parse(plan)[script]
    return WORDS[words[min(number, len(words)) - 1]][0]


def expected(task, plan, lost=()):
    """The attempts of an undisturbed Processing, `(script, number, outcome)`, and its end; those in `lost` were lost."""
    attempts = []
    for script in TASKS.get(task, (["one"],))[0]:
        for number in range(1, RETRIES + 2):
            result = "lost" if (script, number) in lost else outcome(plan, script, number)
            attempts.append((script, number, result))
            if result != "soft" and not (result == "lost" and task in RESTARTED):
                break
        if result != "success":
            return attempts, "failed"
    return attempts, "success"


def invent(choice, task):
    def words():
        names = [name for name in WORDS if (name != "full" or task == "image") and (name != "asks" or task != "layered")]
        return ",".join(choice.choices(names, [WORDS[name][1] for name in names], k=choice.choice([1, 2, 3])))

    return ";".join(f"{script}={words()}" for script in TASKS[task][0])


class Sent:
    """One Event, and what its sender was told of it."""

    def __init__(self, task, key, plan):
        self.task, self.key, self.plan = task, key, plan
        # The Processings that were named in an acknowledgement; nil while none came.
        self.processings = None
        self.tries = 0
        # It may be there although nobody said so.
        self.is_doubtful = False


class Client(threading.Thread):
    """Sends Events one after the other, and keeps what it was told as soon as it was."""

    def __init__(self, host, crowd, name, seed):
        super().__init__(daemon=True)
        self.host, self.crowd, self.label, self.random = host, crowd, name, random.Random(f"{seed}/{name}")
        self.sent = []
        self.doubtful = []

    def run(self):
        while not self.crowd.is_over.is_set():
            if self.crowd.is_busy:
                self.crowd.is_over.wait(0.05)
                continue
            if self.doubtful and self.random.random() < 0.5:
                event = self.doubtful.pop(0)
            else:
                task = self.random.choices(list(TASKS), [share for _, share in TASKS.values()])[0]
                event = Sent(task, f"{self.label}-{len(self.sent)}", invent(self.random, task))
                self.sent.append(event)
            self.send(event)
            self.crowd.is_over.wait(self.random.expovariate(12))

    def send(self, event):
        event.tries += 1
        self.crowd.sending(event)
        body = {"type": event.task, "key": event.key, "params": {"plan": event.plan}}
        try:
            status, answer = self.host.ask("POST", "/events", body)
        except Unsent:
            # Certainly not taken; the Launcher is down.
            self.doubtful.append(event)
            self.crowd.is_over.wait(0.02)
        except Unanswered:
            event.is_doubtful = True
            # A few are never sent again.
            if self.random.random() < 0.8:
                self.doubtful.append(event)
        else:
            if status not in (200, 201):
                if status != 503:
                    self.crowd.findings.append(f"sending {event.key} was answered with {status}: {answer}")
                self.doubtful.append(event)
                return
            event.processings = answer["event"]["processings"]
            self.crowd.acknowledged(event)
            self.host.trap.seen("acknowledged")
            if status == 200 and not event.is_doubtful:
                self.crowd.findings.append(f"{event.key} was called a duplicate when it was sent for the first time")
            self.crowd.known += event.processings


class Meddler(threading.Thread):
    """Cancels Processings, and has ended ones run again."""

    def __init__(self, host, crowd, seed):
        super().__init__(daemon=True)
        self.host, self.crowd, self.random = host, crowd, random.Random(f"{seed}/meddler")
        # What was asked for each Processing, and what was said: acknowledged, refused or doubtful.
        self.deeds = {}

    def run(self):
        while not self.crowd.is_over.wait(self.random.expovariate(5)):
            if not self.crowd.known:
                continue
            deed = self.random.choice(["cancel", "rerun", "rerun from one"])
            latest = 10 if deed == "cancel" else 150
            number = self.random.choice(self.crowd.known[-latest:])
            body = {"from": "one"} if deed == "rerun from one" else None
            deeds = self.deeds.setdefault(number, [])
            deeds.append([deed, "doubtful"])
            try:
                status, answer = self.host.ask("POST", f"/processings/{number}/{deed.split()[0]}", body)
            except Unsent:
                deeds.pop()
            except Unanswered:
                pass
            else:
                deeds[-1][1] = "acknowledged" if status == 200 else "refused"
                if status == 200:
                    self.host.trap.seen("meddled")
                if status not in (200, 409, 503):
                    self.crowd.findings.append(f"{deed} of {number} was answered with {status}: {answer}")


class Crowd:
    """All who talk to the Launcher."""

    def __init__(self, host, seed, clients=4, name="", meddles=True):
        self.is_over = threading.Event()
        self.is_busy = False
        self.known = []
        self.findings = []
        self.host = host
        # Called with each Event before it is sent, and when it was acknowledged.
        self.sending = self.acknowledged = lambda event: None
        self.clients = [Client(host, self, f"{name}client{number}", seed) for number in range(clients)]
        self.meddler = Meddler(host, self, seed)
        self.meddles = meddles
        self.pacer = threading.Thread(target=self._pace, daemon=True)

    def _pace(self):
        """So many wait that there is always work, and not so many that the end takes long."""
        while not self.is_over.wait(0.2):
            try:
                self.is_busy = sum(self.host.counts()) > 40
            except (Unsent, Unanswered):
                pass

    def start(self):
        for thread in self._threads():
            thread.start()

    def end(self):
        self.is_over.set()
        for thread in self._threads():
            thread.join()

    def _threads(self):
        return [*self.clients, self.pacer] + ([self.meddler] if self.meddles else [])

    def sent(self):
        return [event for client in self.clients for event in client.sent]
