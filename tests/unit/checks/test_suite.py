"""A system is held to what its description promises, and to nothing more."""

from __future__ import annotations

from typing import Any

import stored
from stormproof.checks import Delivery, EffectsOnce, ResultsReadable
from stormproof.checks.suite import checks_of_tasks
from stormproof.spec.system import System


def judged_by(**parts: Any) -> dict[type, Any]:
    """The checks of tasks for a system whose description has these tables, by their class."""
    system = stored.SYSTEM | {name: {**stored.SYSTEM.get(name, {}), **table} for name, table in parts.items()}
    return {type(check): check for check in checks_of_tasks(System.model_validate(system))}


def test_a_system_that_keeps_results_must_give_each_with_its_value() -> None:
    assert judged_by()[ResultsReadable] == ResultsReadable(has_values=True)


def test_of_a_route_that_returns_no_result_none_is_asked_for() -> None:
    assert judged_by(status={"result": False})[ResultsReadable] == ResultsReadable(has_values=False)


def test_where_results_are_ignored_nobody_reads_them_and_the_probe_tells_a_success() -> None:
    checks = judged_by(promises={"results": "ignored", "effects": "once"})
    assert ResultsReadable not in checks
    assert checks[EffectsOnce] == EffectsOnce(results=False)


def test_work_may_expire_only_where_that_is_promised() -> None:
    assert judged_by()[Delivery] == Delivery(promise="at_least_once")
    assert judged_by(promises={"may_expire": True})[Delivery] == Delivery(promise="at_least_once", may_expire=True)
