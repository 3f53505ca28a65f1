"""A client of the Launcher's API."""

from __future__ import annotations

import os
import ssl
import time
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Iterable, Iterator, List, Mapping, Optional, Union, cast

from . import _errors
from ._transport import Query, Transport, segment
from ._values import (
    Duration,
    Event,
    Explanation,
    Labels,
    Metric,
    MetricPoint,
    Parameter,
    Processing,
    Receipt,
    Self,
    WallTime,
    seconds,
    time_text,
)

_FINAL = frozenset({"success", "failed", "cancelled"})
_PAGE = 200


def default_socket() -> str:
    """Where the Launcher's socket is: ``$ALTP_SOCKET``, inside a sandbox the Script's own, or the default."""
    named = os.environ.get("ALTP_SOCKET")
    if named:
        return named
    return "/run/altp.sock" if "ALTP_PROCESSING" in os.environ else "/run/altp/altp.sock"


class Client:
    """The Launcher, by its API.

    Without arguments it is the one of this host or, inside a sandbox, the Script's own. A client has no connection open
    between two calls, and may be used by several threads.

    :param socket: the path of its Unix socket.
    :param url: instead of the socket, where it serves over TCP: ``https://processing.example:8443``.
    :param token: a bearer token, for TCP.
    :param tls: how to check its certificate; the system's way when None.
    :param timeout: seconds to wait for an answer.
    :param patience: seconds for which requests are repeated while the Launcher restarts.
    """

    def __init__(
        self,
        *,
        socket: Optional[str] = None,
        url: Optional[str] = None,
        token: Optional[str] = None,
        tls: Optional[ssl.SSLContext] = None,
        timeout: float = 60.0,
        patience: float = 30.0,
    ) -> None:
        if socket is not None and url is not None:
            raise ValueError("socket and url exclude each other")
        self._transport = Transport(
            socket_path=None if url is not None else socket or default_socket(),
            url=url,
            token=token,
            tls=tls,
            timeout=timeout,
            patience=patience,
        )

    # The API as it is

    def get(self, path: str, query: Optional[Query] = None) -> Any:
        """The JSON of any path below ``/api/v1``: ``client.get("/host")``."""
        return self._transport.json("GET", path, query)

    def post(self, path: str, body: Optional[Mapping[str, object]] = None, *, repeatable: bool = False) -> Any:
        """Posts JSON to any path below ``/api/v1``.

        :param repeatable: doing it twice is as good as once: it is sent again when the answer is lost.
        """
        return self._transport.json("POST", path, body=dict(body or {}), repeatable=repeatable)

    def put(self, path: str, body: Mapping[str, object]) -> Any:
        """Puts JSON to any path below ``/api/v1``."""
        return self._transport.json("PUT", path, body=dict(body))

    def delete(self, path: str) -> Any:
        """Deletes any path below ``/api/v1``."""
        return self._transport.json("DELETE", path)

    def pages(self, path: str, query: Optional[Query] = None, *, limit: Optional[int] = None) -> Iterator[Any]:
        """The items of a list, newest first, page after page as they are asked for.

        :param limit: at most so many.
        """
        query = dict(query or {})
        left = limit
        while left is None or left > 0:
            query["limit"] = _PAGE if left is None else min(_PAGE, left)
            page = self.get(path, query)
            yield from page["items"]
            if page.get("next") is None:
                return
            query["cursor"] = page["next"]
            if left is not None:
                left -= len(page["items"])

    # Events

    def emit(
        self, type: str, *, id: str, params: Optional[Mapping[str, Parameter]] = None, force: bool = False
    ) -> Receipt:
        """Sends an Event; each Task on its type gets a Processing.

        :param id: its deduplication key: one of this type and id that was sent before does nothing.
        :param force: send it all the same.
        """
        body: Dict[str, object] = {"type": type, "key": id, "params": dict(params or {})}
        if force:
            body["force"] = True
        return cast(Receipt, self.post("/events", body, repeatable=not force))

    def events(self, *, type: Union[None, str, Iterable[str]] = None, limit: Optional[int] = None) -> Iterator[Event]:
        """The Events, newest first."""
        return self.pages("/events", {"type": _list(type)}, limit=limit)

    # Tasks

    def tasks(self) -> List[Dict[str, Any]]:
        """Every Task with its state."""
        return cast(List[Dict[str, Any]], self.get("/tasks"))

    def task(self, name: str) -> Dict[str, Any]:
        """One Task with its definition and state."""
        return cast(Dict[str, Any], self.get(f"/tasks/{segment(name)}"))

    def pause(self, task: str, reason: Optional[str] = None) -> None:
        """Starts no Script of the Task until it is resumed."""
        self.post(f"/tasks/{segment(task)}/pause", _given(reason=reason), repeatable=True)

    def resume(self, task: str) -> None:
        """Goes on with a paused Task."""
        self.post(f"/tasks/{segment(task)}/resume", repeatable=True)

    def start(self, task: str, params: Optional[Mapping[str, Parameter]] = None, **more: Parameter) -> Processing:
        """Creates a Processing of the Task: ``client.start("landsat-scene", scene="LC08_193026")``.

        :param params: parameters whose names are no Python names.
        """
        return cast(Processing, self.post(f"/tasks/{segment(task)}/trigger", {"params": {**(params or {}), **more}}))

    def metrics(
        self,
        task: str,
        *,
        name: Optional[str] = None,
        script: Optional[str] = None,
        since: Union[None, str, datetime, timedelta] = None,
        limit: Optional[int] = None,
    ) -> Iterator[MetricPoint]:
        """The figures that a Task's Scripts reported, newest first."""
        query: Query = {"name": name, "script": script, "since": _since(since)}
        return self.pages(f"/tasks/{segment(task)}/metrics", query, limit=limit)

    # Processings

    def processings(
        self,
        *,
        status: Union[None, str, Iterable[str]] = None,
        task: Union[None, str, Iterable[str]] = None,
        outcome: Union[None, str, Iterable[str]] = None,
        label: Labels = None,
        since: Union[None, str, datetime, timedelta] = None,
        limit: Optional[int] = None,
    ) -> Iterator[Processing]:
        """The Processings, newest first. Values of one filter are alternatives; different filters must all hold.

        :param label: labels by key, with a value or a list of values each.
        :param since: created at or after this time; a timedelta is so long ago.
        """
        labels = [f"{key}:{value}" for key, values in (label or {}).items() for value in _list(values) or []]
        query: Query = {
            "status": _list(status),
            "task": _list(task),
            "outcome": _list(outcome),
            "label": labels,
            "since": _since(since),
        }
        return self.pages("/processings", query, limit=limit)

    def processing(self, id: int) -> Processing:
        """One Processing with its Scripts, attempts and history."""
        return cast(Processing, self.get(f"/processings/{id}"))

    def why(self, id: int) -> Explanation:
        """What a Processing waits for, or why it failed."""
        return cast(Explanation, self.get(f"/processings/{id}/why"))

    def cancel(self, id: int) -> Processing:
        """Ends a Processing: its running Script is ended, the rest does not start."""
        return cast(Processing, self.post(f"/processings/{id}/cancel"))

    def rerun(self, id: int, *, from_: Optional[str] = None, current: bool = False) -> Processing:
        """Runs an ended Processing again.

        :param from_: the Script to begin with; the first when None.
        :param current: with today's definition and scripts, not those that it was created with.
        """
        body = _given(**{"from": from_, "current": True if current else None})
        return cast(Processing, self.post(f"/processings/{id}/rerun", body))

    def skip(self, id: int, script: str) -> Processing:
        """Takes the Script that a Processing is at, or failed at, as done."""
        return cast(Processing, self.post(f"/processings/{id}/skip", {"script": script}))

    def wait(self, id: int, *, timeout: Optional[Duration] = None, interval: Duration = 0.5) -> Processing:
        """The Processing, once it has ended.

        :raises TimeoutError: when that takes longer than ``timeout``.
        """
        deadline = None if timeout is None else time.monotonic() + seconds(timeout)
        while True:
            processing = self.processing(id)
            if processing["status"] in _FINAL:
                return processing
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Processing {id} is {processing['status']} after {timeout}")
            time.sleep(seconds(interval))

    def label(self, id: int, key: str, value: str) -> Dict[str, str]:
        """Labels a Processing. Gives all its labels."""
        answer = self.put(f"/processings/{id}/labels/{segment(key)}", {"value": value})
        return cast(Dict[str, str], answer["labels"])

    def unlabel(self, id: int, key: str) -> Dict[str, str]:
        """Takes a label away, if it is there. Gives the others."""
        return cast(Dict[str, str], self.delete(f"/processings/{id}/labels/{segment(key)}")["labels"])

    def attempt_metrics(self, id: int, script: str, attempt: int) -> List[Metric]:
        """The figures that an attempt reported."""
        path = f"/processings/{id}/scripts/{segment(script)}/attempts/{attempt}/metrics"
        return cast(List[Metric], self.get(path))

    def log(self, id: int, script: str, attempt: int) -> bytes:
        """What an attempt has printed so far."""
        path = f"/processings/{id}/scripts/{segment(script)}/attempts/{attempt}/log"
        content = b""
        while True:
            headers, piece = self._transport.send("GET", path, {"offset": len(content)})
            content += piece
            if not piece or len(content) >= int(headers.get("altp-log-size", 0)):
                return content

    def statistics(self) -> Dict[str, Any]:
        """Counts by Task and outcome."""
        return cast(Dict[str, Any], self.get("/statistics"))

    # The calling Script

    def self_(self) -> Self:
        """What the Launcher knows of the Script that asks."""
        return cast(Self, self.get("/self"))

    def self_progress(self, percent: Optional[float], text: Optional[str]) -> None:
        """Reports the calling Script's progress."""
        self.post("/self/progress", _given(percent=percent, text=text), repeatable=True)

    def self_label(self, key: str, value: Optional[str]) -> Dict[str, str]:
        """Labels the calling Script's Processing, or takes a label away."""
        path = f"/self/labels/{segment(key)}"
        answer = self.delete(path) if value is None else self.put(path, {"value": value})
        return cast(Dict[str, str], answer["labels"])

    def self_metric(self, name: str, value: float, unit: Optional[str]) -> None:
        """Keeps a figure with the calling Script's attempt."""
        self.post("/self/metrics", _given(name=name, value=value, unit=unit), repeatable=True)

    def self_again(self, after: Duration, reason: Optional[str]) -> str:
        """Has the calling Script run again; gives the time."""
        body = _given(seconds=seconds(after), reason=reason)
        return cast(str, self.post("/self/again", body, repeatable=True)["at"])

    def self_skip_rest(self, reason: Optional[str]) -> None:
        """Leaves out the Scripts after the calling one, if that is a success."""
        self.post("/self/skip-rest", _given(reason=reason), repeatable=True)

    def self_reserve(self, duration: Duration, reason: Optional[str]) -> WallTime:
        """Has the calling Script have at least so much time from now on."""
        body = _given(seconds=seconds(duration), reason=reason)
        return cast(WallTime, self.post("/self/reserve", body, repeatable=True))

    def self_end(self, outcome: str, reason: Optional[str]) -> None:
        """Has the calling Script ended; it is accepted when this returns."""
        self.post("/self/end", _given(outcome=outcome, reason=reason), repeatable=True)

    def self_pause_task(self, reason: Optional[str]) -> None:
        """Pauses the calling Script's Task."""
        self.post("/self/pause-task", _given(reason=reason), repeatable=True)


def _given(**values: object) -> Dict[str, object]:
    """Those that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def _list(values: Union[None, str, Iterable[str]]) -> Optional[List[str]]:
    if values is None:
        return None
    return [values] if isinstance(values, str) else list(values)


def _since(since: Union[None, str, datetime, timedelta]) -> Optional[str]:
    if since is None:
        return None
    if isinstance(since, timedelta):
        since = datetime.now(timezone.utc) - since
    return time_text(since)


def require_inside(what: str) -> None:
    """Raises OutsideSandbox unless this is a Script in its sandbox."""
    if "ALTP_PROCESSING" not in os.environ:
        raise _errors.OutsideSandbox(f"{what} is for a Script inside its sandbox; here there is no $ALTP_PROCESSING")
