"""A server on a real Unix socket that answers what a test tells it to, and notes what it was asked."""

from __future__ import annotations

import http.server
import json
import os
import socketserver
import tempfile
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Callable, Dict, List, Optional, Tuple, Type, Union

Answer = Tuple[int, object]
"""A status and what becomes JSON; bytes are sent as they are, and status 0 closes the connection instead."""


@dataclass
class Request:
    method: str
    target: str
    headers: Dict[str, str]
    body: Any


@dataclass
class Launcher:
    """Answers each request with the next of its answers, or by a function."""

    answers: Union[List[Answer], Callable[[Request], Answer]]
    headers: Dict[str, str] = field(default_factory=dict)
    requests: List[Request] = field(default_factory=list)

    def __enter__(self) -> "Launcher":
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "altp.sock")
        self._server: Optional[socketserver.BaseServer] = None
        self.listen()
        return self

    def listen(self) -> None:
        launcher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                request = Request(
                    self.command,
                    self.path,
                    {name.lower(): value for name, value in self.headers.items()},
                    json.loads(content) if content else None,
                )
                launcher.requests.append(request)
                status, answer = launcher.answers(request) if callable(launcher.answers) else launcher.answers.pop(0)
                self.close_connection = True
                if status == 0:
                    return
                data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json" if status < 400 else "application/problem+json")
                self.send_header("Content-Length", str(len(data)))
                for name, value in launcher.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any

            def address_string(self) -> str:
                return "unix"

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = socketserver.ThreadingUnixStreamServer(self.path, Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """As when a Launcher is gone: its socket is there, and refuses."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def restart(self) -> None:
        os.unlink(self.path)
        self.listen()

    def __exit__(
        self, kind: Optional[Type[BaseException]], value: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        self.stop()
        self._folder.cleanup()
