"""Requests to the Launcher: HTTP over its Unix socket, or over TCP."""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
import urllib.parse
import uuid
from typing import Any, Dict, List, Mapping, Optional, Tuple, Union

from . import _errors
from ._version import VERSION

Query = Mapping[str, Union[None, str, int, List[str]]]
"""Parameters by name; a list repeats its name, None leaves it out."""

ROOT = "/api/v1"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(self.timeout)
        try:
            connection.connect(self._path)
        except BaseException:
            connection.close()
            raise
        self.sock = connection


class Transport:
    """Sends requests, each over a connection of its own, so that threads and forks may share it."""

    def __init__(
        self,
        *,
        socket_path: Optional[str],
        url: Optional[str],
        token: Optional[str],
        tls: Optional[ssl.SSLContext],
        timeout: float,
        patience: float,
    ) -> None:
        self._socket = socket_path
        self._token = token
        self._tls = tls
        self._timeout = timeout
        self._patience = patience
        self._host: Optional[str] = None
        self._port: Optional[int] = None
        self._prefix = ""
        self._secure = False
        if url is not None:
            parts = urllib.parse.urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{url!r} is no URL such as https://processing.example:8443")
            self._host, self._port = parts.hostname, parts.port
            self._prefix = parts.path.rstrip("/")
            self._secure = parts.scheme == "https"

    @property
    def place(self) -> str:
        """Where the Launcher is, for messages."""
        if self._socket is not None:
            return self._socket
        return f"{'https' if self._secure else 'http'}://{self._host}" + (f":{self._port}" if self._port else "")

    def json(
        self, method: str, path: str, query: Optional[Query] = None, body: object = None, *, repeatable: bool = False
    ) -> Any:
        """The answer's JSON.

        :param repeatable: doing it twice is as good as once, so that it is sent again when an answer was lost.
        """
        content = self.send(method, path, query, body, repeatable=repeatable)[1]
        try:
            return json.loads(content)
        except ValueError as error:
            raise _errors.Error(f"{self.place} answered what is no JSON to {method} {path}: {error}") from None

    def send(
        self, method: str, path: str, query: Optional[Query] = None, body: object = None, *, repeatable: bool = False
    ) -> Tuple[Mapping[str, str], bytes]:
        """The answer's headers, by their names in small letters, and its bytes."""
        target = self._prefix + ROOT + path
        pairs = _pairs(query or {})
        if pairs:
            target += "?" + urllib.parse.urlencode(pairs)
        headers = {"User-Agent": f"altp-python/{VERSION}", "Connection": "close"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        content: Optional[bytes] = None
        if body is not None:
            content = json.dumps(body, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        if method == "POST":
            # The same for every repetition: a Launcher that knows it does it once.
            headers["Idempotency-Key"] = uuid.uuid4().hex
        return self._repeat(method, target, content, headers, repeatable or method in _REPEATABLE)

    def _repeat(
        self, method: str, target: str, content: Optional[bytes], headers: Dict[str, str], repeatable: bool
    ) -> Tuple[Mapping[str, str], bytes]:
        deadline = time.monotonic() + self._patience
        pause = _FIRST_PAUSE
        while True:
            wait = pause
            failure: _errors.Error
            try:
                status, answer, data = self._once(method, target, content, headers)
            except _errors.Unreachable as error:
                failure = error
                cause = error.__cause__
                # What was not taken was not done.
                never_taken = isinstance(cause, ConnectionRefusedError) or (
                    isinstance(cause, FileNotFoundError)
                    and self._socket is not None
                    and os.path.lexists(self._socket)
                )
                lost = isinstance(cause, (ConnectionError, http.client.HTTPException))
                if not never_taken and not (lost and repeatable):
                    raise
            else:
                if 200 <= status < 300:
                    return answer, data
                failure = _problem(status, data)
                if status not in (429, 503):
                    raise failure
                wait = max(wait, _seconds(answer.get("retry-after")))
            if time.monotonic() + wait > deadline:
                raise failure
            time.sleep(wait)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _once(
        self, method: str, target: str, content: Optional[bytes], headers: Dict[str, str]
    ) -> Tuple[int, Mapping[str, str], bytes]:
        connection = self._connection()
        try:
            connection.request(method, target, content, headers)
            response = connection.getresponse()
            answer = {name.lower(): value for name, value in response.getheaders()}
            return response.status, answer, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise _errors.Unreachable(self._unreachable(error)) from error
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        if self._socket is not None:
            return _UnixConnection(self._socket, self._timeout)
        assert self._host is not None
        if self._secure:
            tls = self._tls or ssl.create_default_context()
            return http.client.HTTPSConnection(self._host, self._port, timeout=self._timeout, context=tls)
        return http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)

    def _unreachable(self, error: Exception) -> str:
        text = f"cannot reach the Launcher at {self.place}: {error or type(error).__name__}"
        if isinstance(error, FileNotFoundError) and "ALTP_PROCESSING" in os.environ:
            return text + ". The policy's control is none, or the Launcher is not running."
        if isinstance(error, PermissionError):
            return text + ". Root and the group altp may connect to it."
        return text


def _problem(status: int, data: bytes) -> _errors.Problem:
    try:
        return _errors.problem(status, json.loads(data))
    except ValueError:
        return _errors.problem(status, {"detail": data[:300].decode("utf-8", "replace")})


def _pairs(query: Query) -> List[Tuple[str, str]]:
    pairs: List[Tuple[str, str]] = []
    for name, value in query.items():
        if isinstance(value, list):
            pairs += [(name, item) for item in value]
        elif value is not None:
            pairs.append((name, str(value)))
    return pairs


def _seconds(retry_after: Optional[str]) -> float:
    """RFC 9110 allows a date too, which no Launcher sends."""
    return float(retry_after) if retry_after is not None and retry_after.isdigit() else 0.0


def segment(text: Union[str, int]) -> str:
    """A name as one segment of a path."""
    return urllib.parse.quote(str(text), safe="")
