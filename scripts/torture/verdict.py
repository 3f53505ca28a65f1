"""Whether the store, what clients were told, and what Scripts left behind tell one story."""

import collections
import json
import re
import sqlite3

import workload

LINE = re.compile(r"(\d+)/(\w+)#(\d+) (begins|ends|finds|misses|stale)(?: (.+))?")
MOST = 40


def rows(database, text, *values):
    return database.execute(text, values).fetchall()


class Verdict:
    def __init__(self, state, lines, sent, deeds, may_lose=False):
        """
        lines: what the Scripts wrote; sent: all Events that clients sent; deeds: what was done to Processings.
        may_lose: the host went down meanwhile.
        """
        self.sent, self.deeds, self.may_lose = sent, deeds, may_lose
        self.findings = []
        self.figures = {}
        # Whoever looks must not change what there is.
        self.database = sqlite3.connect(f"file:{state}/altp.db?mode=ro", uri=True)
        self.attempts = collections.defaultdict(list)
        for processing, *attempt in rows(
                self.database, "SELECT processing, script, number, run, state, outcome FROM attempt ORDER BY started_at, number"):
            self.attempts[processing].append(attempt)
        self.processings = {
            row[0]: row[1:] for row in rows(self.database, "SELECT id, task, event, status, outcome, run, params FROM processing")}
        self.evidence(lines)

    def find(self, text):
        self.findings.append(text)

    def evidence(self, lines):
        """What the Scripts wrote: (processing, script, number) to the words of its lines."""
        self.lines = collections.defaultdict(list)
        for text in lines:
            line = LINE.fullmatch(text)
            if not line:
                self.find(f"a Script's line cannot be read: {text!r}")
                continue
            number, script, attempt, word, rest = line.groups()
            self.lines[int(number), script, int(attempt)].append((word, rest))

    def check(self):
        self.store()
        self.events()
        self.attempts_and_evidence()
        self.courses()
        self.emitted()
        self.meddled()
        return self.findings

    def store(self):
        for pragma in ["integrity_check", "foreign_key_check"]:
            said = rows(self.database, f"PRAGMA {pragma}")
            if said not in ([], [("ok",)]):
                self.find(f"PRAGMA {pragma}: {said}")
        for number, (task, _, status, *_) in self.processings.items():
            if status in ("waiting", "running"):
                self.find(f"Processing {number} of {task} has not ended: {status}")
        # Each end is counted once.
        counted = dict(rows(self.database, "SELECT script = '', sum(count) FROM statistic GROUP BY 1"))
        ended = sum(attempt[3] == "ended" for attempts in self.attempts.values() for attempt in attempts)
        if counted.get(0, 0) != ended:
            self.find(f"{ended} attempts have ended, and {counted.get(0, 0)} ends of attempts are counted")
        runs = sum(row[4] for row in self.processings.values())
        if counted.get(1, 0) != runs:
            self.find(f"the Processings had {runs} runs, and {counted.get(1, 0)} ends are counted")
        self.figures["Processings"], self.figures["attempts"] = len(self.processings), ended

    def events(self):
        there = collections.defaultdict(list)
        for number, kind, key in rows(self.database, "SELECT id, type, key FROM event"):
            there[kind, key].append(number)
        caused = collections.defaultdict(list)
        for number, row in self.processings.items():
            caused[row[1]].append(number)
        known = set()
        acknowledged = doubtful = 0
        for event in self.sent:
            ids = there.get((event.task, event.key), [])
            known.add((event.task, event.key))
            processings = [number for event_id in ids for number in caused[event_id]]
            if event.processings is not None:
                acknowledged += 1
                if len(ids) != 1 or processings != event.processings or len(processings) != 1:
                    self.find(f"{event.key} was acknowledged with the Processings {event.processings}; there are "
                              f"{len(ids)} Events of it, with the Processings {processings}")
            else:
                doubtful += 1
                if len(ids) > 1 or len(processings) != len(ids):
                    self.find(f"{event.key} was never acknowledged, and has {len(ids)} Events with the Processings {processings}")
                if ids and not event.is_doubtful and not self.may_lose:
                    self.find(f"{event.key} is there, and was never sent")
        for (kind, key), ids in there.items():
            if kind == "child":
                if len(ids) != 1 or len(caused[ids[0]]) != 1:
                    self.find(f"the emitted Event {key} is there {len(ids)} times")
            elif (kind, key) not in known:
                self.find(f"the Event {kind} {key} is there, and was never sent")
        self.figures["Events acknowledged"], self.figures["of unknown fate"] = acknowledged, doubtful

    def attempts_and_evidence(self):
        for number, attempts in self.attempts.items():
            plan = self.plan(number)
            for script, attempt, _, state, outcome in attempts:
                name = f"{number}/{script}#{attempt}"
                words = self.lines.pop((number, script, attempt), [])
                begins = sum(word == "begins" for word, _ in words)
                ends = [rest for word, rest in words if word == "ends"]
                for word, rest in words:
                    if word in ("finds", "misses"):
                        self.find(f"{name} {word} {rest}")
                    if word == "stale" and not self.may_lose and not self.was("rerun from one", number):
                        self.find(f"{name} found in /processing what an earlier run had left there")
                if begins > 1 or len(ends) > 1:
                    self.find(f"{name} ran {begins} times, and came to its end {len(ends)} times")
                if state != "ended":
                    self.find(f"{name} is recorded as {state}")
                elif outcome == "cancelled":
                    if not self.was("cancel", number):
                        self.find(f"{name} is recorded as cancelled, and nobody asked for that")
                elif outcome == "lost" and self.may_lose:
                    self.figures["lost"] = self.figures.get("lost", 0) + 1
                elif outcome != workload.outcome(plan, script, attempt):
                    reason = rows(self.database, "SELECT detail FROM attempt WHERE processing = ? AND script = ? AND number = ?",
                                  number, script, attempt)[0][0]
                    self.find(f"{name} is recorded as {outcome}, and its plan was {plan}: {reason}")
                elif not self.may_lose and (begins != 1 or (len(ends) != 1 and "asks" not in plan)):
                    self.find(f"{name} is recorded as {outcome}, and it began {begins} times and came to its end {len(ends)} times")
        for (number, script, attempt), words in self.lines.items():
            self.find(f"{number}/{script}#{attempt} ran, and is not recorded: {words}")

    def plan(self, number):
        return json.loads(self.processings[number][5])["plan"]

    def was(self, deed, number):
        return any(name.startswith(deed) and fate != "refused" for name, fate in self.deeds.get(number, []))

    def courses(self):
        """Where nobody meddled, all attempts are known beforehand; else their numbers are without a gap."""
        for number, (task, _, status, _, run, _) in self.processings.items():
            attempts = self.attempts[number]
            if self.was("cancel", number) or self.was("rerun", number):
                for script in {attempt[0] for attempt in attempts}:
                    numbers = sorted(attempt[1] for attempt in attempts if attempt[0] == script)
                    if numbers != list(range(1, len(numbers) + 1)):
                        self.find(f"{number}/{script} has the attempts {numbers}")
                continue
            lost = {(script, attempt) for script, attempt, _, _, outcome in attempts if outcome == "lost"}
            wanted, end = workload.expected(task, self.plan(number), lost if self.may_lose else ())
            had = [(script, attempt, outcome) for script, attempt, _, _, outcome in attempts]
            if sorted(had) != sorted(wanted) or status != end or run != 1:
                self.find(f"Processing {number} ended as {status} in run {run} with {had}; expected were {end} and {wanted}")

    def emitted(self):
        """Each success that emitted an Event has it, and no other attempt has."""
        keys = {key for key, in rows(self.database, "SELECT key FROM event WHERE type = 'child'")}
        emitters = set()
        for number, attempts in self.attempts.items():
            for script, attempt, _, _, outcome in attempts:
                words = workload.parse(self.plan(number))[script]
                if outcome == "success" and words[min(attempt, len(words)) - 1] == "emit":
                    emitters.add(f"{number}/{script}#{attempt}")
        for key in emitters - keys:
            self.find(f"{key} succeeded, and the Event that it emitted is not there")
        for key in keys - emitters:
            self.find(f"the Event {key} is there, and no success emitted it")
        self.figures["Events emitted by Scripts"] = len(emitters)

    def meddled(self):
        cancels = reruns = 0
        for number, deeds in self.deeds.items():
            task, _, status, outcome, run, _ = self.processings[number]
            most = 1 + sum(deed != "cancel" and fate != "refused" for deed, fate in deeds)
            least = 1 + sum(deed != "cancel" and fate == "acknowledged" for deed, fate in deeds)
            if not least <= run <= most:
                self.find(f"Processing {number} is in its run {run}, and should be in one of {least} to {most}: {deeds}")
            last = deeds[-1] if deeds else None
            if last == ["cancel", "acknowledged"] and status not in ("cancelled", "success"):
                self.find(f"Processing {number} was cancelled, and ended as {status} ({outcome})")
            cancels += deeds.count(["cancel", "acknowledged"])
            reruns += sum(deed != "cancel" and fate == "acknowledged" for deed, fate in deeds)
        self.figures["cancelled"], self.figures["run again"] = cancels, reruns
