"""The hardened service keeps its word, whatever its callers do and whatever happens to it."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from typing import Any

import planted
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from machine import System, machine_on
from machine_bugs import BUGS, Bug, messages_outlive_outcomes, never_published_again
from machine_in_memory import InMemory
from machine_of_processes import OfProcesses
from machine_programs import execute, failing_steps, found_only, shortest, steps_in

# Celery's Redis backend calls what redis-py has deprecated; without this its records would never be written here.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")

IS_DEEP = settings.get_current_profile_name() == "deep"
PLAYS = {"max_examples": settings().max_examples, "stateful_step_count": 40 if IS_DEEP else 8}
"""Many short plays find more than few long ones, where time is short."""


@pytest.fixture(scope="module")
def in_memory() -> Iterator[InMemory]:
    logging.disable(logging.CRITICAL)  # What goes wrong on purpose is told at length.
    with InMemory() as system:
        yield system
    logging.disable(logging.NOTSET)


def test_on_fakeredis_every_promise_is_kept(in_memory: InMemory) -> None:
    """One thing at a time, and everything may happen."""
    run_state_machine_as_test(machine_on(in_memory), settings=settings(**PLAYS))


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_is_found(in_memory: InMemory, bug: Bug) -> None:
    """By as many plays as above; its program is what Hypothesis prints, without the steps that it does not need."""
    with bug(in_memory):
        steps = failing_steps(machine_on(in_memory), **PLAYS)
        assert steps, "it is not found"
        found = "; ".join(shortest(steps, machine_on(in_memory)))
    planted.same_as_kept("machine", name_of(bug), found)


def test_the_list_of_planted_bugs_has_none_that_is_gone() -> None:
    """It is what the documents quote."""
    planted.none_is_gone("machine", map(name_of, BUGS))


def name_of(bug: Bug) -> str:
    """What it does, and what in life does so."""
    return f"{bug.__name__.replace('_', ' ')}, {(bug.__doc__ or '')[:1].lower()}{(bug.__doc__ or '')[1:-1]}"


class Recorded:
    """A system whose calls are noted, from one `reset` to the next."""

    def __init__(self, system: System) -> None:
        self._system = system
        self.calls: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._system, name)
        return functools.partial(self._call, name, found) if callable(found) else found

    def _call(self, name: str, method: Any, *args: Any, **kwargs: Any) -> Any:
        self.calls = [] if name == "reset" else [*self.calls, (name, args, kwargs)]
        return method(*args, **kwargs)


def test_a_failure_prints_as_a_program(in_memory: InMemory) -> None:
    """What Hypothesis prints is Python: executed as it stands, it does the same to the system, step by step, and fails in the same way."""
    system = Recorded(in_memory)
    with never_published_again(in_memory):
        with pytest.raises(AssertionError, match="lost: ") as raised:
            run_state_machine_as_test(machine_on(system), settings=settings(found_only(), **PLAYS))
        failed, printed = system.calls, "\n".join(raised.value.__notes__)
        assert "state = Machine()\ntask_0 = state.first_submission(submission=Submission(" in printed
        with pytest.raises(AssertionError, match="lost: "):
            execute(steps_in(printed), machine_on(system))
    assert system.calls == failed and len(failed) > len(steps_in(printed)) > 1
    execute(steps_in(printed), machine_on(in_memory))


def test_a_message_that_outlives_its_outcome_is_not_executed_again(in_memory: InMemory) -> None:
    """No worker lives for as long as outcomes are kept; then there is one, and takes what was put back long ago. Chance would seldom come by."""
    program = [
        "state.work_until(submission=Submission(Mail('a@example.org', ''), None), fate=Fate('pool process', 'recorded'))",
        "state.pass_time(seconds=KEEP_OUTCOMES_S + 1)",
        "state.work(mail_server='accepts')",
    ]
    execute(program, machine_on(in_memory))
    with messages_outlive_outcomes(in_memory), pytest.raises(AssertionError, match="an e-mail was sent again"):
        execute(program, machine_on(in_memory))


@pytest.fixture(scope="module")
def of_processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OfProcesses]:
    with OfProcesses(tmp_path_factory.mktemp("machine")) as system:
        yield system


def test_on_real_processes_every_promise_is_kept(of_processes: OfProcesses) -> None:
    """The same machine; fewer plays, as each step waits for processes."""
    plays = (
        {"max_examples": 300, "stateful_step_count": 20} if IS_DEEP else {"max_examples": 5, "stateful_step_count": 5}
    )
    run_state_machine_as_test(machine_on(of_processes), settings=settings(found_only(), **plays))


def test_on_real_processes_a_lost_submission_is_seen(
    of_processes: OfProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Something deletes what is open: the machine's word for it is the same as in memory."""

    def forget(seconds: float) -> None:
        with of_processes.journal.transaction() as db:
            db.execute("DELETE FROM submissions WHERE finished_at IS NULL")

    monkeypatch.setattr(of_processes, "pass_time", forget)
    program = [
        "state.first_submission(submission=Submission(Mail('a@example.org', ''), None))",
        "state.pass_time(seconds=0.0)",
    ]
    with pytest.raises(AssertionError, match="a task that was accepted is unknown"):
        execute(program, machine_on(of_processes))
