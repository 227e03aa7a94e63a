"""What an API answers, held against its own OpenAPI document by Schemathesis: examples, the edges of each schema, sound and unsound data at random,
and what follows from its links. The applications are called in this process.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import schemathesis
from pydantic import validate_email
from pydantic_core import PydanticCustomError
from schemathesis.engine import events, from_schema

IS_DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"
KEY_WAS_USED = "this Idempotency-Key was used for another request"


@dataclass(frozen=True, slots=True)
class Breach:
    """One answer that is not as promised: `check` is Schemathesis' name of the promise."""

    operation: str
    check: str
    code: int
    says: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.check}, {self.code}"


@dataclass
class Contract:
    """What came of it. `answers` counts by operation and code, `breaches` are in order."""

    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    breaches: list[Breach] = field(default_factory=list)
    _bodies: dict[str, Any] = field(default_factory=dict)

    def note(self, case: Any, response: Any, failures: Iterator[tuple[str, Any]]) -> None:
        """Take one request and its answer into account."""
        label = case.operation.label if case.method == case.operation.method.upper() else f"{case.method} elsewhere"
        self.answers[label, response.status_code] += 1
        for check, failure in failures:
            if not (check == "positive_data_acceptance" and self._may_refuse(case, response)):
                self.breaches.append(
                    Breach(label, check, response.status_code, f"{failure.message}\n{response.text[:300]}")
                )
        key = (case.headers or {}).get("idempotency-key")
        if key is not None and response.status_code == 202:
            self._bodies.setdefault(key, case.body)

    def _may_refuse(self, case: Any, response: Any) -> bool:
        """No schema can say that a key was used before, or which addresses there may be."""
        if response.status_code != 422:
            return False
        if response.json() == {"detail": KEY_WAS_USED}:
            key = case.headers["idempotency-key"]
            return key in self._bodies and self._bodies[key] != case.body
        return not _is_address(case.body["recipient"])


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except PydanticCustomError:
        return False
    return True


def hold(app: Any, *, codes: tuple[str, ...] = ("2xx", "4xx"), examples: int) -> Contract:
    """Ask everything that the document speaks of. `codes`: other answers are errors of the server."""
    config = schemathesis.Config.from_dict(
        {
            "seed": 1,
            "continue-on-failure": True,
            "generation": {
                "max-examples": examples,
                "deterministic": not IS_DEEP,
                "no-shrink": True,
                "database": "none",
            },
            "checks": {"not_a_server_error": {"expected-statuses": list(codes)}},
            # Each example of these is a whole conversation.
            "phases": {"stateful": {"generation": {"max-examples": max(1, examples // 4)}}},
        }
    )
    contract = Contract()
    schema = schemathesis.openapi.from_asgi("/openapi.json", _served(app), config=config)
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            raise AssertionError(f"Schemathesis could not ask: {event}")
        if isinstance(event, events.ScenarioFinished):
            _read(event.recorder, contract)
    return contract


def _served(app: Any) -> Any:
    """As by a server: what the application raises, once it has answered 500, is only logged."""

    async def served(scope: Any, receive: Any, send: Any) -> None:
        try:
            await app(scope, receive, send)
        except Exception:
            if scope["type"] != "http":
                raise

    return served


def _read(recorder: Any, contract: Contract) -> None:
    for case_id, interaction in recorder.interactions.items():
        checks = recorder.checks.get(case_id, ())
        failures = ((check.name, check.failure_info.failure) for check in checks if check.failure_info is not None)
        if interaction.response is not None:
            contract.note(recorder.cases[case_id].value, interaction.response, failures)
