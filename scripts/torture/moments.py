"""When the Launcher is killed: at moments with an intent, and at any."""

import ctypes
import dataclasses
import os
import struct
import threading

# Of what share of the kills each is the moment.
SHARES = {
    "acknowledged": 15,  # a client has just read that its Event was taken
    "accepted": 5,       # the same, told by the Launcher's log, before the answer is sent
    "meddled": 5,        # a cancellation or a rerun has just been acknowledged
    "recorded": 12,      # an attempt was recorded as running; its sandbox is made now
    "made": 15,          # a directory below a Processing's was made
    "begins": 8,         # a Script left its first line
    "ends": 10,          # a Script left its last line; pid 1 writes the outcome now
    "taken": 6,          # an outcome was recorded
    "done": 5,           # a Processing ended; its directories are removed now
    "restart": 18,       # the Launcher has just been started
    "adopted": 2,        # a start found a Script that goes on
    "stop": 4,           # it was asked to stop
    "any": 10,
}
IN_MODIFY, IN_CREATE, IN_NONBLOCK = 0x2, 0x100, 0


@dataclasses.dataclass
class Moment:
    kind: str
    # Seconds from what it waits for to the kill.
    delay: float

    @staticmethod
    def choose(random):
        kind = random.choices(list(SHARES), SHARES.values())[0]
        if kind == "restart":
            # Most of a start's work is done within its first hundredth of a second.
            return Moment(kind, random.choice([10 ** random.uniform(-3.5, -1), random.uniform(0, 0.2)]))
        if kind == "any":
            return Moment(kind, random.uniform(0, 1))
        return Moment(kind, random.choice([0, 10 ** random.uniform(-5, -2), 10 ** random.uniform(-3, -1.5)]))


class Watch(threading.Thread):
    """Tells the trap, by inotify(7), what Scripts and the Launcher do in the file system."""

    def __init__(self, trap, evidence, processings):
        super().__init__(daemon=True)
        self.trap = trap
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.descriptor = self.libc.inotify_init1(os.O_CLOEXEC)
        self.evidence = open(evidence, "rb")
        self.lines = self.add(evidence, IN_MODIFY)
        self.folders = {self.add(processings, IN_CREATE): processings}
        self.processings = str(processings)

    def add(self, path, events):
        return self.libc.inotify_add_watch(self.descriptor, os.fsencode(path), events)

    def run(self):
        while True:
            data = os.read(self.descriptor, 65536)
            while data:
                watch, _, _, length = struct.unpack("iIII", data[:16])
                name, data = data[16:16 + length].rstrip(b"\0"), data[16 + length:]
                if watch == self.lines:
                    for line in self.evidence.read().splitlines():
                        self.trap.seen(line.split()[1].decode())
                elif name:
                    self.trap.seen("made")
                    # The directories in a new Processing's are made right after it.
                    if self.folders.get(watch) == self.processings:
                        self.folders[self.add(f"{self.processings}/{name.decode()}", IN_CREATE)] = name
