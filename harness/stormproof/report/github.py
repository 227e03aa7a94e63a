"""What GitHub's runner reads in a job's output: annotations of ours, and no command of anybody else's.

The rules are those of the runner's own parser, `ActionCommand.cs` in github.com/actions/runner: a line of either stream that begins, behind
white space, with `::` may be a command; so may one that has `##[` anywhere. In a command, `%` and ends of lines are escaped as
`%25`, `%0D` and `%0A`; in its properties `:` and `,` are, too, as `%3A` and `%2C`.
"""

from __future__ import annotations

import os
import re
from typing import Any, TextIO

from stormproof.checks.verdict import Status
from stormproof.report.words import one_line, replay, summary, telling
from stormproof.runs.store import Run

_LEVELS = {Status.INVALID: "error", Status.UNKNOWN: "warning"}
_MESSAGE = 2000
_COMMAND = re.compile(r"(?:^|(?<=\r))([^\w:\r\n]*):(?=:)", re.MULTILINE)
_OLD_COMMAND = re.compile(r"##(?=\[)")


def annotation(run: Run, status: Status, file: str = "") -> str:
    """The line for a run with the finding that tells most; `status` says how bad that is, "" where it is not.

    `file` is the scenario's, as the repository names it.
    """
    if status is Status.VALID:
        return ""
    told = [*telling(run, most=1), summary(run)][0]
    message = f"{told[:_MESSAGE]}\nreplay: {one_line(replay(run))}"
    properties = {"title": f"{run.title} on {run.system.name}: {run.judged.status.word if run.judged else 'unknown'}"}
    if file:
        properties["file"] = file
    said = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    return f"::{_LEVELS[status]} {said}::{_data(message)}"


def _data(text: str) -> str:
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return escaped.replace("##[", "## [")


def _property(text: str) -> str:
    return _data(one_line(text)).replace(":", "%3A").replace(",", "%2C")


def tamed(text: str) -> str:
    """Whole lines, with a space in each thing that could be a command."""
    return _OLD_COMMAND.sub("## ", _COMMAND.sub(r"\1: ", text))


class Tamed:
    """A stream that lets no command through, whoever prints: for the time of a command, in the place of `raw`."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self._begun = ""

    def write(self, text: str) -> int:
        """Write all lines that are whole: what half a line will be, nobody knows yet."""
        held = self._begun + text
        end = max(held.rfind("\n"), held.rfind("\r")) + 1
        self._begun = held[end:]
        self.raw.write(tamed(held[:end]))
        return len(text)

    def finish(self) -> None:
        """Write what has no end of a line."""
        self.raw.write(tamed(self._begun))
        self._begun = ""
        self.raw.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def on_github() -> bool:
    """Whether GitHub's runner reads what is printed."""
    return bool(os.environ.get("GITHUB_ACTIONS"))
