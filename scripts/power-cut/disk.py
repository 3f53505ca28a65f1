"""A disk with a volatile cache, as real ones have: what was not flushed when the power goes is lost, all or some of it.

It is a server of the Network Block Device protocol (fixed newstyle, see nbd's doc/proto.md) on a Unix socket, to which qemu
connects. To kill qemu would lose nothing of a file: this host would keep what was written.
"""

import os
import shutil
import socket
import struct
import threading

NBD_OPTION, NBD_REPLY = 0x49484156454F5054, 0x3E889045565A9
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7
ACK, INFO_REPLY, UNSUPPORTED = 1, 3, 1 << 31 | 1
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FORCE_UNIT_ACCESS = 1
HAS_FLAGS, SEND_FLUSH, SEND_FUA = 1, 4, 8
EIO, EINVAL = 5, 22
SECTOR = 512
# What a disk of today writes whole or not at all. A file system's journal counts on that: of a torn commit block it says that
# it is corrupt.
WHOLE = 4096


class Disk:
    """One disk: `durable` is what it holds, `live` what is seen through its cache."""

    def __init__(self, folder, name, size):
        self.size = size
        self.socket = f"{name}.socket"
        self.folder = folder
        self.durable = self._file(f"{name}.durable")
        self.live = self._file(f"{name}.live")
        self.unflushed = []
        self.flushes = 0
        self.thread = None

    def _file(self, name):
        descriptor = os.open(self.folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        os.ftruncate(descriptor, self.size)
        return descriptor

    def path(self):
        return f"/proc/self/fd/{self.durable}"

    def fill(self):
        """Lets the live side show what was written to the durable one from outside."""
        with open(self.path(), "rb") as source, open(f"/proc/self/fd/{self.live}", "r+b") as target:
            shutil.copyfileobj(source, target, 1 << 20)

    def serve(self):
        """Waits for one machine, and serves it to its end. What qemu is given as its drive's file is returned."""
        folder = os.open(self.folder, os.O_DIRECTORY)
        path = f"/proc/self/fd/{folder}/{self.socket}"
        if os.path.exists(path):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        os.close(folder)
        self.thread = threading.Thread(target=self._serve, args=(listener,), daemon=True)
        self.thread.start()
        # The machine's own folder lies in this one.
        return f"nbd:unix:../{self.socket}"

    def lose(self, random, share):
        """The power goes: each unflushed block is kept with this probability. How many bytes were not flushed."""
        self.thread.join()
        count = sum(length for _, length in self.unflushed)
        for offset, length in self.unflushed:
            place, end = offset, offset + length
            while place < end:
                next_place = min((place // WHOLE + 1) * WHOLE, end)
                if random.random() < share:
                    os.pwrite(self.durable, os.pread(self.live, next_place - place, place), place)
                place = next_place
        for offset, length in self.unflushed:
            os.pwrite(self.live, os.pread(self.durable, length, offset), offset)
        self.unflushed = []
        return count

    def _serve(self, listener):
        with listener:
            connection, _ = listener.accept()
        with connection:
            stream = connection.makefile("rb")
            try:
                if self._negotiate(connection, stream):
                    while self._answer(connection, stream):
                        pass
            except (ConnectionError, EOFError):
                pass

    @staticmethod
    def _take(stream, count):
        data = stream.read(count)
        if len(data) != count:
            raise EOFError
        return data

    def _negotiate(self, connection, stream):
        flags = HAS_FLAGS | SEND_FLUSH | SEND_FUA
        connection.sendall(b"NBDMAGIC" + struct.pack(">QH", NBD_OPTION, 3))
        self._take(stream, 4)
        while True:
            _, option, length = struct.unpack(">QII", self._take(stream, 16))
            self._take(stream, length)

            def reply(kind, data=b""):
                connection.sendall(struct.pack(">QIII", NBD_REPLY, option, kind, len(data)) + data)

            if option == EXPORT_NAME:
                connection.sendall(struct.pack(">QH", self.size, flags))
                return True
            if option in (INFO, GO):
                reply(INFO_REPLY, struct.pack(">HQH", 0, self.size, flags))
                reply(ACK)
                if option == GO:
                    return True
            elif option == ABORT:
                reply(ACK)
                return False
            else:
                reply(UNSUPPORTED)

    def _answer(self, connection, stream):
        _, flags, kind, cookie, offset, length = struct.unpack(">IHHQQI", self._take(stream, 28))
        data, error = b"", 0
        if kind == WRITE:
            data = self._take(stream, length)
        if kind == DISCONNECT:
            return False
        if kind in (READ, WRITE) and (offset % SECTOR or length % SECTOR or offset + length > self.size):
            error, data = EINVAL, b""
        elif kind == READ:
            data = os.pread(self.live, length, offset)
        elif kind == WRITE:
            os.pwrite(self.live, data, offset)
            if flags & FORCE_UNIT_ACCESS:
                os.pwrite(self.durable, data, offset)
            else:
                self.unflushed.append((offset, length))
            data = b""
        elif kind == FLUSH:
            for place, count in self.unflushed:
                os.pwrite(self.durable, os.pread(self.live, count, place), place)
            self.unflushed = []
            self.flushes += 1
        else:
            error = EINVAL
        connection.sendall(struct.pack(">IIQ", 0x67446698, error, cookie) + data)
        return True
