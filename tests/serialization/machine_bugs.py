"""Bugs for the machine to find: each is planted into the service for as long as its context lasts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Any
from unittest.mock import ANY, patch

from hardened import api, gate, once
from hardened.claims import Claim, claim
from hardened.journal import Journal, RequestConflictError
from hardened.once import OnceTask
from machine_in_memory import InMemory

Bug = Callable[[InMemory], AbstractContextManager[Any]]


def sql(journal: Journal, statement: str, *values: Any) -> None:
    """One statement in a transaction of its own."""
    with journal.transaction() as db:
        db.execute(statement, values)


@contextmanager
def forgets_when_restarted(system: InMemory) -> Iterator[None]:
    """As an API that keeps what it has accepted in its memory."""
    restart = system.restart_api

    def forgetting() -> None:
        restart()
        sql(system.journal, "DELETE FROM submissions WHERE finished_at IS NULL")

    with patch.object(system, "restart_api", forgetting):
        yield


def new_id_for_a_repetition(system: InMemory) -> AbstractContextManager[Any]:
    """As an API that numbers its tasks."""
    numbers = count()
    return patch.object(api, "task_id_of", lambda request, key: f"task-{next(numbers)}")


def never_published_again(system: InMemory) -> AbstractContextManager[Any]:
    """As a sweeper that only cleans up."""
    return patch.object(Journal, "due", lambda journal, limit, queued_since_s=0.0: [])


def _claim_after(statement: str) -> AbstractContextManager[Any]:
    def unchecked(journal: Journal, task_id: str, arguments: Any, **limits: Any) -> Any:
        sql(journal, statement, task_id)
        return claim(journal, task_id, arguments, **limits)

    return patch.object(once, "claim", unchecked)


def executed_after_its_end(system: InMemory) -> AbstractContextManager[Any]:
    """As a claim that does not ask whether there is an outcome."""
    return _claim_after("UPDATE submissions SET finished_at = NULL, holder = NULL WHERE task_id = ?")


def sent_again_when_uncertain(system: InMemory) -> AbstractContextManager[Any]:
    """As a claim that does not ask whether the e-mail may have left."""
    return _claim_after("UPDATE submissions SET sending = 0 WHERE task_id = ?")


def fence_is_open(system: InMemory) -> AbstractContextManager[Any]:
    """As a worker that does not ask for its lease before it sends."""
    return patch.object(Claim, "before_sending", _at("claimed", system, lambda claim, needs_s: None))


def _at(when: str, system: InMemory, method: Any) -> Any:
    return system._reaching(method, when, "")


def outcome_is_overwritten(system: InMemory) -> AbstractContextManager[Any]:
    """As a retry that does not ask whether the task is still its own."""

    def release(claim: Claim, error_type: str, message: str, after_s: float) -> None:
        sql(
            claim.journal,
            "UPDATE submissions SET state = 'RETRY', finished_at = NULL, due_at = 0 WHERE task_id = ?",
            claim.task_id,
        )

    return patch.object(Claim, "release", release)


def open_submissions_expire(system: InMemory) -> AbstractContextManager[Any]:
    """As a clean-up that asks for the age alone."""
    return patch.object(
        Journal,
        "forget_finished",
        lambda journal, older_than_s: sql(
            journal, "DELETE FROM submissions WHERE accepted_at < ?", journal.clock() - older_than_s
        ),
    )


def spoilt_result_is_an_error(system: InMemory) -> AbstractContextManager[Any]:
    """As a status that is read from Celery's result backend."""
    find = Journal.find

    def reading(journal: Journal, task_id: str) -> Any:
        if system.broker.is_up and (stored := system.results.get(f"celery-task-meta-{task_id}")):
            json.loads(stored)
        return find(journal, task_id)

    return patch.object(Journal, "find", reading)


def key_takes_any_content(system: InMemory) -> AbstractContextManager[Any]:
    """As an idempotency key that is not compared with its request."""
    accept = Journal.accept

    def accepting(journal: Journal, task_id: str, arguments: Any, grace_s: float) -> bool:
        try:
            return accept(journal, task_id, arguments, grace_s)
        except RequestConflictError:
            return False

    return patch.object(Journal, "accept", accepting)


def refused_and_done(system: InMemory) -> AbstractContextManager[Any]:
    """As an API that leaves behind what it could not publish."""
    return patch.object(Journal, "withdraw", lambda journal, task_id: True)


def executed_as_it_came(system: InMemory) -> AbstractContextManager[Any]:
    """As a worker that does not compare the digest."""
    return patch.object(once, "digest_of", lambda task_id, arguments: ANY)


def messages_outlive_outcomes(system: InMemory) -> AbstractContextManager[Any]:
    """As a worker that does a task that nobody knows, however old its message is."""
    return patch.object(OnceTask, "_is_stale", lambda task: False)


def refuses_what_was_put_back(system: InMemory) -> AbstractContextManager[Any]:
    """As a gate that does not know what kombu adds to a message that it hands out again."""
    objection = gate.objection
    return patch.object(
        gate, "objection", lambda message: "strange" if message["headers"].get("redelivered") else objection(message)
    )


BUGS: tuple[Bug, ...] = (
    forgets_when_restarted,
    new_id_for_a_repetition,
    never_published_again,
    executed_after_its_end,
    sent_again_when_uncertain,
    fence_is_open,
    outcome_is_overwritten,
    open_submissions_expire,
    spoilt_result_is_an_error,
    key_takes_any_content,
    refused_and_done,
    executed_as_it_came,
    refuses_what_was_put_back,
)
