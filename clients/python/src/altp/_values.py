"""Values as they are given and as the API has them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Dict, List, Mapping, Optional, TypedDict, Union

Duration = Union[str, int, float, timedelta]
"""``"10m"``, ``"1h30m"``, seconds, or a timedelta."""

Parameter = Union[str, int, float, bool]
"""A parameter of an Event or a Task; a Script receives it as text."""

_UNITS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = re.compile(r"(\d+)(ms|d|h|m|s)")


def seconds(duration: Duration) -> float:
    """The duration in seconds. Raises ValueError for what is none."""
    if isinstance(duration, timedelta):
        return duration.total_seconds()
    if isinstance(duration, (int, float)):
        return float(duration)
    total, position = 0.0, 0
    for part in _PART.finditer(duration):
        if part.start() != position:
            break
        total += int(part[1]) * _UNITS[part[2]]
        position = part.end()
    if position == 0 or position != len(duration):
        raise ValueError(f"{duration!r} is no duration such as 30s, 5m, 1h30m or 7d")
    return total


def time(text: str) -> datetime:
    """A moment as the API writes it, ``2026-11-24T12:30:01.250Z``."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def time_text(moment: Union[str, datetime]) -> str:
    """A moment for the API. One without a zone is in the local one."""
    return moment if isinstance(moment, str) else moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# What the API answers, as far as it is the same in every answer. All keys may come to be more.


class Metric(TypedDict, total=False):
    """A figure that an attempt reported."""

    name: str
    value: float
    unit: str
    at: str


class MetricPoint(Metric, total=False):
    """A figure among those of a Task."""

    processing: int
    script: str
    attempt: int


class Attempt(TypedDict, total=False):
    """One attempt of a Script. ``evidence`` is there once it has ended."""

    number: int
    state: str
    outcome: str
    evidence: Dict[str, object]
    progress: float
    progress_text: str
    started_at: str
    ended_at: str
    deadline: str
    again_at: str
    skips_rest: bool
    metrics: List[Metric]


class Script(TypedDict, total=False):
    """A Script of a Processing, with its attempts."""

    name: str
    state: str
    outcome: str
    progress: float
    progress_text: str
    attempts: List[Attempt]


class HistoryEntry(TypedDict):
    """A line of a Processing's history."""

    at: str
    text: str


class Processing(TypedDict, total=False):
    """A Processing; ``scripts`` and ``history`` are absent in lists."""

    id: int
    task: str
    status: str
    outcome: str
    script: str
    reason: str
    event: int
    params: Dict[str, str]
    labels: Dict[str, str]
    priority: int
    definition: str
    scripts_hash: str
    created_at: str
    started_at: str
    ended_at: str
    scripts: List[Script]
    history: List[HistoryEntry]
    directory: str
    remnant: str
    pinned_by: str


class Event(TypedDict, total=False):
    """An Event, with the Processings that it caused where they are asked for."""

    id: int
    type: str
    key: str
    params: Dict[str, str]
    source: str
    created_at: str
    processings: List[int]


class Receipt(TypedDict):
    """What became of an Event that was sent."""

    event: Event
    duplicate: bool


class WallTime(TypedDict):
    """How long an attempt may run."""

    wall_milliseconds: int
    deadline: str


class Self(TypedDict, total=False):
    """What the Launcher knows of the Script that asks."""

    reference: str
    processing: int
    task: str
    script: str
    attempt: int
    control: str
    event: int
    params: Dict[str, str]
    labels: Dict[str, str]
    wall_time: WallTime


class Fact(TypedDict, total=False):
    """One of the facts behind an explanation."""

    kind: str
    text: str
    values: Dict[str, str]


class Explanation(TypedDict):
    """Why a Processing is where it is."""

    reference: str
    summary: str
    facts: List[Fact]


Labels = Optional[Mapping[str, Union[str, List[str]]]]
"""Labels to look for: of one key any of the values, of several keys all."""
