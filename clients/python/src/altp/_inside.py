"""What a Script says to its Launcher."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from typing import Dict, Mapping, NoReturn, Optional, cast

from . import _errors
from ._client import Client, require_inside
from ._values import Duration, Parameter, Processing, Receipt, Self
from ._values import time as parse_time

_PATIENCE = 60.0


def _client(what: str) -> Client:
    require_inside(what)
    return Client()


class Context:
    """What a Script knows of itself without asking: from its variables."""

    @property
    def inside(self) -> bool:
        """Whether this is a Script in its sandbox, and not a run by hand."""
        return "ALTP_PROCESSING" in os.environ

    @property
    def reference(self) -> str:
        """``42/calibrate#1``"""
        return f"{self.processing}/{self.script}#{self.attempt}"

    @property
    def processing(self) -> int:
        """The Processing's number."""
        return int(self._variable("ALTP_PROCESSING"))

    @property
    def task(self) -> str:
        """The Task's name."""
        return self._variable("ALTP_TASK")

    @property
    def script(self) -> str:
        """The Script's name."""
        return self._variable("ALTP_SCRIPT")

    @property
    def attempt(self) -> int:
        """From 1."""
        return int(self._variable("ALTP_ATTEMPT"))

    @property
    def event(self) -> Optional[Dict[str, object]]:
        """The Event that caused the Processing, with ``type``, ``id`` and ``params``; None when none did."""
        text = os.environ.get("ALTP_EVENT")
        return None if text is None else cast(Dict[str, object], json.loads(text))

    def param(self, name: str, default: Optional[str] = None) -> str:
        """A parameter's text.

        :raises KeyError: when the Task has none of that name, and no default is given.
        """
        variable = "PARAM_" + "".join(
            letter if letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" else "_" for letter in name.upper()
        )
        value = os.environ.get(variable, default)
        if value is None:
            raise KeyError(f"there is no parameter {name} ({variable} is not set)")
        return value

    def _variable(self, name: str) -> str:
        require_inside("altp.context")
        return os.environ[name]


context = Context()


def self_() -> Self:
    """What the Launcher knows of this Script: its parameters, its Processing's labels, what it may, how long it may run."""
    return _client("altp.self_()").self_()


def emit(
    type: str,
    *,
    id: str,
    params: Optional[Mapping[str, Parameter]] = None,
    on_success: bool = False,
    force: bool = False,
) -> Optional[Receipt]:
    """Sends an Event; each Task on its type gets a Processing.

    :param id: its deduplication key: one of this type and id that was sent before does nothing.
    :param on_success: send it when this Script succeeds, and not otherwise; the result is then None.
    :param force: send it although it was sent before; not with ``on_success``.
    """
    client = _client("altp.emit()")
    if not on_success:
        return client.emit(type, id=id, params=params, force=force)
    if force:
        raise ValueError("force and on_success exclude each other")
    line = json.dumps({"type": type, "id": id, "params": dict(params or {})})
    # One write, so that the lines of several processes do not mix.
    with open(os.environ["ALTP_EVENTS"], "ab", buffering=0) as file:
        file.write(line.encode() + b"\n")
    return None


def progress(percent: Optional[float] = None, text: Optional[str] = None) -> None:
    """Reports how far the Script is: from 0 to 100, a line of text, or both."""
    _client("altp.progress()").self_progress(percent, text)


def label(key: str, value: object) -> None:
    """Labels the Processing: ``altp ps --label quality:good`` then finds it."""
    _client("altp.label()").self_label(key, str(value))


def unlabel(key: str) -> None:
    """Takes a label away, if it is there."""
    _client("altp.unlabel()").self_label(key, None)


def metric(name: str, number: float, *, unit: Optional[str] = None) -> None:
    """Keeps a figure with the attempt, in the place of an earlier one of this name."""
    _client("altp.metric()").self_metric(name, float(number), unit)


def reserve(duration: Duration, reason: Optional[str] = None) -> datetime:
    """Has at least so much time from now on, as far as the policy's ``wall_time_max`` allows. Gives the time of the end."""
    return parse_time(_client("altp.reserve()").self_reserve(duration, reason)["deadline"])


def again(in_: Duration, reason: Optional[str] = None) -> datetime:
    """Has the Script run again after a while, without counting it as a retry. Gives the time.

    The Script goes on; it holds if it ends as a success or softly.
    """
    return parse_time(_client("altp.again()").self_again(in_, reason))


def skip_rest(reason: Optional[str] = None) -> None:
    """Leaves out the Scripts after this one. The Script goes on; it holds if it ends as a success."""
    _client("altp.skip_rest()").self_skip_rest(reason)


def fail(reason: str) -> NoReturn:
    """Ends the Script now as a hard failure: its sandbox is preserved."""
    _end("hard", reason)


def soft_fail(reason: str) -> NoReturn:
    """Ends the Script now as a soft failure: it is rerun, as its ``retry`` says."""
    _end("soft", reason)


def succeed(reason: Optional[str] = None) -> NoReturn:
    """Ends the Script now as a success, whatever else of it still runs."""
    _end("success", reason)


def _end(outcome: str, reason: Optional[str]) -> NoReturn:
    _client("ending a Script").self_end(outcome, reason)
    # It must not go on while the Launcher ends it.
    time.sleep(_PATIENCE)
    raise _errors.Error(f"the Launcher accepted the end and has not ended the Script within {_PATIENCE:.0f} s")


def pause_task(reason: Optional[str] = None) -> None:
    """Pauses this Script's Task: no Script of it is started until somebody resumes it."""
    _client("altp.pause_task()").self_pause_task(reason)


def start(task: str, params: Optional[Mapping[str, Parameter]] = None, **more: Parameter) -> Processing:
    """Creates a Processing: with ``control: task`` of this Script's own Task, with ``control: host`` of any."""
    return _client("altp.start()").start(task, params, **more)


def cancel(id: int) -> Processing:
    """Cancels a Processing: with ``control: task`` of this Script's own Task, with ``control: host`` any."""
    return _client("altp.cancel()").cancel(id)
