"""What a Script of alt-processing says to its Launcher, and a client of the Launcher's API.

Inside a sandbox, without any configuration::

    import altp

    altp.emit("scene", id="LC08_193026", params={"scene": "LC08_193026"})

From outside: see :class:`Client`.
"""

from ._client import Client
from ._errors import (
    Conflict,
    Error,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    OutsideSandbox,
    Problem,
    Unavailable,
    Unreachable,
)
from ._inside import (
    Context,
    again,
    cancel,
    context,
    emit,
    fail,
    label,
    metric,
    pause_task,
    progress,
    reserve,
    self_,
    skip_rest,
    soft_fail,
    start,
    succeed,
    unlabel,
)
from ._version import VERSION as __version__

__all__ = [
    "Client",
    "Conflict",
    "Context",
    "Error",
    "FieldError",
    "Forbidden",
    "Invalid",
    "NotFound",
    "OutsideSandbox",
    "Problem",
    "Unavailable",
    "Unreachable",
    "__version__",
    "again",
    "cancel",
    "context",
    "emit",
    "fail",
    "label",
    "metric",
    "pause_task",
    "progress",
    "reserve",
    "self_",
    "skip_rest",
    "soft_fail",
    "start",
    "succeed",
    "unlabel",
]
