"""Output for GitHub's runner: it prints our annotations, and prevents any other text from acting as a command.

The rules are those of the runner's own parser, `ActionCommand.cs` in github.com/actions/runner. A line of either stream
may be a command if it begins with `::`, after any white space, or contains `##[` anywhere. In a command, `%` and line
ends are escaped as `%25`, `%0D` and `%0A`; in its properties, `:` and `,` are also escaped, as `%3A` and `%2C`.
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
    """Return the annotation for a run, with its main finding; `status` is how bad the run is. Returns "" if it is not bad.

    `file` is the scenario's path in the repository.
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
    """Return whole lines with a space inserted into anything that could be a command."""
    return _OLD_COMMAND.sub("## ", _COMMAND.sub(r"\1: ", text))


class Tamed:
    """A stream that lets no GitHub command through, whatever prints. It replaces `raw` while a command of ours runs."""

    def __init__(self, raw: TextIO) -> None:
        self.raw = raw
        self._begun = ""

    def write(self, text: str) -> int:
        """Write all complete lines. An incomplete line is kept, because it may still become a command."""
        held = self._begun + text
        end = max(held.rfind("\n"), held.rfind("\r")) + 1
        self._begun = held[end:]
        self.raw.write(tamed(held[:end]))
        return len(text)

    def finish(self) -> None:
        """Write the incomplete last line."""
        self.raw.write(tamed(self._begun))
        self._begun = ""
        self.raw.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)


def on_github() -> bool:
    """Whether GitHub's runner reads the output."""
    return bool(os.environ.get("GITHUB_ACTIONS"))
