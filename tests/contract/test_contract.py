"""The API keeps what its OpenAPI schema says: of `hardened` every answer to whatever is asked; of `tutorial` not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import planted
import pytest
import schemathesis
from fastapi import FastAPI
from hardened.api import create_app
from hardened.publisher import BrokerUnavailableError
from hardened.settings import Settings
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup

OPERATIONS = [
    ("POST", "/send-email"),
    ("GET", "/task-status/{task_id}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


class Broker:
    """Takes every message, or is down."""

    def __init__(self, *, up: bool) -> None:
        self._up = up

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        if not self._up:
            raise BrokerUnavailableError("down")

    def length(self) -> int | None:
        return 0 if self._up else None


@pytest.fixture(scope="module", params=[True, False], ids=["broker up", "broker down"])
def api(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    broker = Broker(up=request.param)
    journal = tmp_path_factory.mktemp("contract") / "journal"
    app = create_app(Settings(_env_file=None, journal_path=journal), broker, broker)  # type: ignore[call-arg]
    app.state.broker_is_up = request.param
    return app


def cases(app: FastAPI, method: str, path: str) -> st.SearchStrategy[schemathesis.Case]:
    """Requests as the schema allows them, and as it does not."""
    operation = schemathesis.openapi.from_asgi("/openapi.json", app)[path][method]
    modes = schemathesis.GenerationMode
    return operation.as_strategy(generation_mode=modes.POSITIVE) | operation.as_strategy(generation_mode=modes.NEGATIVE)


def keeps_its_word(case: schemathesis.Case, excluded: list[str]) -> None:
    """AssertionError unless the answer is one that the schema has: its code, headers, type and content; and is no 5xx."""
    try:
        case.call_and_validate(excluded_checks=[CHECKS.get_one(name) for name in excluded])
    except FailureGroup as group:
        raise AssertionError("; ".join(f"{failure.title}: {failure.message}" for failure in group.exceptions)) from None
    except Exception as error:  # In this process nobody makes a 500 of it.
        raise AssertionError(f"Server error: {type(error).__name__}") from None


@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=lambda word: word)
def test_every_answer_is_one_that_the_schema_has(api: FastAPI, method: str, path: str) -> None:
    """With a broker, and without one, where a 503 is the answer if the schema has it."""
    # An e-mail address is narrower than JSON Schema can say: some that the schema allows are refused.
    excluded = ["positive_data_acceptance", *([] if api.state.broker_is_up else ["not_a_server_error"])]

    @settings(settings.default, max_examples=max(60, settings.default.max_examples // 2), phases=[Phase.generate])
    @given(case=cases(api, method, path))
    def holds(case: schemathesis.Case) -> None:
        keeps_its_word(case, excluded)

    holds()


def test_the_schema_has_no_operation_that_is_not_asked(api: FastAPI) -> None:
    """A new route is asked, too."""
    found = [each.ok() for each in schemathesis.openapi.from_asgi("/openapi.json", api).get_all_operations()]
    assert [(operation.method.upper(), operation.path) for operation in found] == OPERATIONS


@contextmanager
def tutorial_api() -> Iterator[FastAPI]:
    """The API of the tutorial; its result backend is in memory."""
    folder = str(Path(__file__).parents[2] / "system_under_test")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("CELERY_BROKER_URL", "memory://")
        patch.setenv("CELERY_RESULT_BACKEND", "cache+memory://")
        before = set(sys.modules)
        try:
            yield importlib.import_module("tutorial.api").app
        finally:
            for name in set(sys.modules) - before:
                if name.startswith("tutorial"):
                    del sys.modules[name]


def smallest(app: FastAPI, method: str, path: str, says: str) -> str:
    return planted.smallest(
        cases(app, method, path),
        lambda case: keeps_its_word(case, ["positive_data_acceptance"]),
        says=says,
        show=lambda case: f"{case.method} {case.formatted_path}",
    )


def test_the_tutorial_breaks_its_word() -> None:
    """The control: its status route answers 500 for a task that has not ended, whatever its schema says."""
    with tutorial_api() as app:
        found = smallest(app, "GET", "/task-status/{task_id}", "Server error")
    planted.same_as_kept("contract", "an answer that its own model forbids", found)


@pytest.mark.parametrize(
    ("bug", "operation", "forgotten", "says"),
    [
        ("a code that is not declared", ("GET", "/task-status/{task_id}"), "404", "Undocumented status code"),
        ("a type that is not declared", ("GET", "/metrics"), "200", "Undocumented Content-Type"),
    ],
)
def test_what_a_schema_does_not_say_is_seen(
    tmp_path: Path, bug: str, operation: tuple[str, str], forgotten: str, says: str
) -> None:
    """A schema of less than the API answers."""
    broker = Broker(up=True)
    app = create_app(Settings(_env_file=None, journal_path=tmp_path / "journal"), broker, broker)  # type: ignore[call-arg]
    method, path = operation
    answers = app.openapi()["paths"][path][method.lower()]["responses"]
    if forgotten == "200":
        answers["200"]["content"] = {"application/json": {}}
    else:
        del answers[forgotten]
    planted.same_as_kept("contract", bug, smallest(app, method, path, says))
