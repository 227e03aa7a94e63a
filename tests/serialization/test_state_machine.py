"""The hardened service keeps its word, whatever its callers do and whatever happens to it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import machine
import planted
import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from machine import KEEP_OUTCOMES_S, Fate, Machine, Mail, Submission, machine_on
from machine_bugs import BUGS, new_id_for_a_repetition
from machine_in_memory import InMemory
from machine_of_processes import OfProcesses
from machine_programs import execute, failing_steps, found_only, shortest, steps_in

# Celery's Redis backend calls what redis-py has deprecated; without this its records would never be written here.
pytestmark = pytest.mark.filterwarnings("ignore:Call to deprecated setex:DeprecationWarning")

IS_DEEP = settings.get_current_profile_name() == "deep"
PLAYS = {"max_examples": settings().max_examples * 2, "stateful_step_count": 40 if IS_DEEP else 8}
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


def test_each_planted_bug_is_found_and_its_program_is_kept(in_memory: InMemory) -> None:
    """By as many examples as the test above plays; the program is what Hypothesis prints, without the steps that it does not need."""
    found = {}
    for bug in BUGS:
        with bug(in_memory):
            steps = failing_steps(machine_on(in_memory), **PLAYS)
            assert steps, f"{bug.__name__} is not found"
            found[bug.__name__] = "; ".join(shortest(steps, machine_on(in_memory)))
    planted.same_as_kept("machine", found)


def test_a_failure_prints_as_a_program(in_memory: InMemory) -> None:
    """What Hypothesis prints names each step with its arguments, and is Python: executed as it stands, it fails in the same way."""
    with new_id_for_a_repetition(in_memory):
        with pytest.raises(AssertionError, match="the same submission has another id") as raised:
            run_state_machine_as_test(machine_on(in_memory), settings=settings(found_only(), **PLAYS))
        printed = "\n".join(raised.value.__notes__)
        assert "state = Machine()\ntask_0 = state.first_submission(submission=Submission(" in printed
        assert "\nstate.repeat(task=task_0)\n" in printed
        with pytest.raises(AssertionError, match="the same submission has another id"):
            execute(steps_in(printed), machine_on(in_memory))
    execute(steps_in(printed), machine_on(in_memory))


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="a claim cannot tell a message older than its outcome from one that the API did not see through",
)
def test_a_message_that_outlives_its_outcome_is_not_executed_again(
    in_memory: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No worker lives for as long as outcomes are kept; then there is one, and takes what was put back a day ago."""
    monkeypatch.setattr(machine, "MESSAGES_MAY_OUTLIVE_OUTCOMES", True)
    state: Machine = machine_on(in_memory)()
    state.submit(submission=Submission(Mail("a@example.org", "hello"), None))
    state.work_until(submission=Submission(Mail("a@example.org", "hello"), None), fate=Fate("pool process", "recorded"))
    state.pass_time(seconds=KEEP_OUTCOMES_S + 1)
    state.work(mail_server="accepts")
    state.all_is_as_it_was_told()


def test_on_real_processes_every_promise_is_kept(tmp_path: Path) -> None:
    """The same machine; fewer plays, as each step waits for processes."""
    with OfProcesses(tmp_path) as system:
        plays = (
            {"max_examples": 300, "stateful_step_count": 20}
            if IS_DEEP
            else {"max_examples": 6, "stateful_step_count": 8}
        )
        run_state_machine_as_test(machine_on(system), settings=settings(found_only(), **plays))
