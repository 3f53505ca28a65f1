"""What can go wrong, as exceptions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple, Type


class Error(Exception):
    """Every error of this package."""


class OutsideSandbox(Error):
    """This can be said by a Script inside its sandbox alone."""


class Unreachable(Error):
    """The Launcher could not be reached, or broke off its answer."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of the input."""

    field: str
    detail: str


class Problem(Error):
    """The Launcher refused: its problem document (RFC 9457)."""

    status: int
    """The HTTP status."""
    type: str
    """Stable, to be compared: ``urn:altp:problem:conflict``."""
    title: str
    detail: str
    """A sentence for people."""
    errors: Tuple[FieldError, ...]
    """The fields that are wrong, for input errors."""

    def __init__(self, status: int, document: Dict[str, Any]) -> None:
        self.status = status
        self.type = str(document.get("type", "about:blank"))
        self.title = str(document.get("title", f"HTTP status {status}"))
        self.detail = str(document.get("detail", ""))
        self.errors = tuple(
            FieldError(str(error.get("field", "")), str(error.get("detail", "")))
            for error in document.get("errors") or ()
            if isinstance(error, dict)
        )
        super().__init__(self.detail or self.title)

    @property
    def field(self) -> Optional[str]:
        """The first field that is wrong; None when it is about none."""
        return self.errors[0].field if self.errors else None


class Forbidden(Problem):
    """The caller may not: for a Script, its policy's ``control`` says what it may."""


class NotFound(Problem):
    """There is no such Task, Processing, Script or attempt."""


class Conflict(Problem):
    """It cannot be done in the present state."""


class Invalid(Problem):
    """The input is wrong; ``field`` says which part."""


class Unavailable(Problem):
    """The Launcher is stopping, or its store takes no writes; it was asked again in vain."""


_KINDS: Dict[int, Type[Problem]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    422: Invalid,
    503: Unavailable,
}


def problem(status: int, document: object) -> Problem:
    """The exception for an answer that is no success."""
    kind = _KINDS.get(status, Problem)
    return kind(status, document if isinstance(document, dict) else {})
