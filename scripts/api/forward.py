"""Passes connections on, byte by byte.

    forward.py LISTEN TARGET

Each is the path of a Unix socket; LISTEN may also be a port of the loopback interface (0: any). A Script that runs this with
/run/altp.sock as its target lends its identity: the Launcher takes what comes through for the Script's own requests."""

import os
import socket
import sys
import threading


class Forwarder:
    def __init__(self, listen, target):
        self.target = target
        self.open = set()
        self.lock = threading.Lock()
        if isinstance(listen, int):
            self.listener = socket.create_server(("127.0.0.1", listen))
            self.port = self.listener.getsockname()[1]
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(listen)
            self.listener.listen(64)

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._pass, args=(client,), daemon=True).start()

    def start(self):
        threading.Thread(target=self.serve, daemon=True).start()
        return self

    def close(self):
        # close alone does not wake who waits in accept.
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        with self.lock:
            for connection in self.open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    # Its other end has gone already.
                    pass

    def _pass(self, client):
        with client:
            try:
                server = self.target() if callable(self.target) else connected(self.target)
            except OSError:
                return
            with server:
                with self.lock:
                    self.open |= {client, server}
                back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
                back.start()
                self._pump(client, server)
                back.join()
                with self.lock:
                    self.open -= {client, server}

    @staticmethod
    def _pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # Neither direction is worth anything without the other.
            for end in (source, sink):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass


def connected(path):
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


if __name__ == "__main__":
    listen, target = sys.argv[1:]
    forwarder = Forwarder(int(listen) if listen.isdigit() else listen, target)
    print("ready", getattr(forwarder, "port", listen), os.getuid(), flush=True)
    forwarder.serve()
