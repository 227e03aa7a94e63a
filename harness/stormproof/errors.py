"""Every error that Stormproof raises on purpose.

    StormproofError            exit code 255: our own failure
    ├── UsageError             exit code 254: wrong arguments, or a wrong file of the user's
    │   ├── DescriptionError   the system's description (`stormproof.toml`)
    │   ├── ScenarioError      a scenario file
    │   └── RunFolderError     a run folder that cannot be written or read
    └── ComponentError         a process of the system or a Redis did not start, or died at start

The message is one line: what happened, to what, and what to do next.
"""

from typing import ClassVar


class StormproofError(Exception):
    """The base of all; `exit_code` is what the command ends with."""

    exit_code: ClassVar[int] = 255


class UsageError(StormproofError):
    """The user's input is wrong."""

    exit_code = 254


class DescriptionError(UsageError):
    """A system's description cannot be used."""


class ScenarioError(UsageError):
    """A scenario file cannot be used."""


class RunFolderError(UsageError):
    """A run folder cannot be written or read."""


class ComponentError(StormproofError):
    """A component did not become ready; `log_tail` holds its last lines of output."""

    def __init__(self, message: str, log_tail: str = "") -> None:
        super().__init__(message)
        self.log_tail = log_tail


def on_purpose(error: BaseException) -> StormproofError | None:
    """The error that was raised on purpose, also from inside a group of tasks; None for any other."""
    if isinstance(error, BaseExceptionGroup):
        return next((found for inner in error.exceptions if (found := on_purpose(inner))), None)
    return error if isinstance(error, StormproofError) else None
