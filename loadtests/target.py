"""What the load goes to: a system that this run starts and watches, or any that answers at `--host`."""

from __future__ import annotations

import itertools
import json
import os
import time
from pathlib import Path
from typing import Any

from stormproof.session.remote import Remote
from stormproof.spec.choices import drawn_run
from stormproof.spec.description import load
from stormproof.spec.tables import Status, Submit
from stormproof.spec.workload import number_of, text

_JSON = {"Content-Type": "application/json", "Accept": "application/json"}


class Target:
    """How to submit and to ask, as the system's description says. `remote`: its steering, None where it was started by somebody else;
    `t0`: the machine's monotonic clock where the system's own times begin; `effects`: each submission sends an e-mail that is counted;
    `recovery_s`: how long after a fault it may take to be itself again.
    """

    def __init__(
        self, *, url: str, submit: Submit, status: Status, run: str, t0: float, effects: bool, recovery_s: float
    ) -> None:
        self.url, self.submit, self.status, self.run = url, submit, status, run
        self.t0, self.effects, self.recovery_s = t0, effects, recovery_s
        self._numbers = itertools.count(os.getpid() * 1_000_000)  # Several processes of Locust share a run.
        # A key has no character that JSON would have to escape: the body is filled in as text.
        body = submit.json_template
        self._body = (
            "" if body is None else json.dumps(body).replace('"{number}"', "{number}")
        )  # Alone, it is a number.
        self._headers = (_JSON if self._body else {}) | submit.headers
        self._same_headers = filled(self._headers, key="", number="") == self._headers

    @classmethod
    def steered(cls, remote: Remote) -> Target:
        """The system at the other end of a socket."""
        told = remote.ask("hello")
        submit, status = Submit.model_validate(told["submit"]), Status.model_validate(told["status"])
        more = {name: told[name] for name in ("run", "t0", "effects", "recovery_s")}
        return cls(url=told["urls"][submit.component], submit=submit, status=status, **more)

    @classmethod
    def foreign(cls, url: str, description: Path) -> Target:
        """A system that somebody else has started: only what its API says can be known."""
        told = load(description)
        return cls(
            url=url, submit=told.submit, status=told.status, run=drawn_run(), t0=0.0, effects=False, recovery_s=0.0
        )

    def now(self) -> float:
        """Seconds in the system's own time."""
        return time.monotonic() - self.t0

    def submission(self, key: str) -> tuple[str, str, dict[str, str]]:
        """Path, body and headers of one."""
        own = {"key": key, "number": str(number_of(key))}
        headers = self._headers if self._same_headers else filled(self._headers, **own)
        return filled(self.submit.path, **own), filled(self._body, **own, text=self._text(key)), headers

    def _text(self, key: str) -> str:
        """The text of the key, escaped as it stands in the body; made only where one is asked for."""
        return json.dumps(text(key))[1:-1] if "{text}" in self._body else ""

    def new_key(self) -> str:
        """The key of a submission that nobody else has."""
        return f"storm-{self.run}-{next(self._numbers)}"


def filled(template: Any, **values: str) -> Any:
    """A template of the description with `{key}`, `{number}` and `{task_id}` filled in."""
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", value)
        return template
    if isinstance(template, dict):
        return {name: filled(value, **values) for name, value in template.items()}
    return [filled(value, **values) for value in template] if isinstance(template, list) else template
