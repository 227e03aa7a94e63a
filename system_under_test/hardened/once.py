"""A task that keeps its promise: claimed before it runs, tried again where that helps, its outcome in the journal."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery import Task, states
from celery.exceptions import Ignore, Reject, Retry, SoftTimeLimitExceeded

from hardened.claims import MAY_HAVE_LEFT, Claim, ClaimLostError, Finished, Forgotten, GaveUpError, Held, claim
from hardened.digest import digest_of
from hardened.journal import Journal
from hardened.mailer import MailDeferredError
from hardened.outcome import as_json, described
from hardened.settings import Settings

logger = logging.getLogger(__name__)

_TRANSIENT = (MailDeferredError, SoftTimeLimitExceeded, ClaimLostError)


class TaskFailedError(Exception):
    """A task has failed: type and message of what it raised.

    Celery is told of this in its place. It pickles exceptions, asks them for their words and builds them again, in the worker and in whoever
    reads the result, and its worker ends of a MemoryError, with all else that runs in it.
    """


class OnceTask(Task):  # type: ignore[misc, type-arg, unused-ignore]
    """Write `run` as for any task. While it runs, `self.claim` is its claim.

    A retry is a row of the journal that the sweeper publishes when it is due, and not a message with an ETA: such a
    message lives in the memory of a worker, comes back when the visibility timeout is over, and needs a broker at the
    moment of failure.
    """

    abstract = True
    # Celery must not depend on the result backend: its copy of the outcome is written below, as well as it goes.
    ignore_result = True
    claim: Claim

    def __init__(self, settings: Settings, journal: Journal, jitter: Callable[[], float] = random.random) -> None:
        self.settings = settings
        self.journal = journal
        self._jitter = jitter

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What Celery calls instead of `run`."""
        task_id = self.request.id
        if args or self.request.get("digest") != digest_of(task_id, kwargs):
            # What was accepted is in the journal, and will be published again.
            raise Reject(f"{task_id} is called with other arguments than were sent", requeue=False)
        try:
            got = claim(
                self.journal,
                task_id,
                kwargs,
                lease_s=self.settings.lease_s,
                max_deliveries=self.settings.max_deliveries,
                stale=self._is_stale(),
            )
        except GaveUpError as error:
            self._copy_outcome(states.FAILURE, error)
            raise
        if isinstance(got, Held):
            # Safe to drop: if the holder fails, the journal has the task published again.
            raise Ignore(f"{task_id} is in the hands of {got.holder}")
        if isinstance(got, Forgotten):
            raise Ignore(f"{task_id} may have had its outcome long ago")
        if isinstance(got, Finished):
            return _repeated(task_id, got)
        self.claim = got
        return self._run_claimed(*args, **kwargs)

    def _is_stale(self) -> bool:
        """Whether the message is from a time whose outcomes may be forgotten; with a margin, as a sweep may have been slow to send it."""
        now = self.journal.clock()
        return bool(now - (self.request.get("sent_at") or now) > self.settings.keep_outcomes_s / 2)

    def _run_claimed(self, *args: Any, **kwargs: Any) -> Any:
        try:
            result = self.run(*args, **kwargs)
            as_json(result)
        except _TRANSIENT as error:
            certain = isinstance(error, MailDeferredError) and error.not_sent
            after_s = self._give_back(error, certain=certain)
            # Raised directly, this tells Celery, Flower and the log of the retry, and publishes nothing.
            raise Retry(exc=error, when=after_s) from error
        except (SystemExit, KeyboardInterrupt) as error:
            # The process is told to end, and shall; the task is for another.
            with suppress(TaskFailedError):
                self._give_back(error, certain=False)
            raise
        except BaseException as error:
            raise self._fail(error) from error
        self.claim.succeed(result)
        self._copy_outcome(states.SUCCESS, result)
        return result

    def _give_back(self, error: BaseException, *, certain: bool) -> float:
        """Have it tried again, and return in how many seconds. `certain`: no e-mail has left.

        Raises TaskFailedError where there were attempts enough, or the e-mail may have left.
        """
        if not certain and self.claim.may_have_sent():
            gave_up = GaveUpError(f"{': '.join(described(error))}; {MAY_HAVE_LEFT}")
            raise self._fail(gave_up, uncertain=True) from error
        attempt = self.claim.attempts + 1
        if attempt >= self.settings.max_attempts:
            raise self._fail(error) from error
        after_s = backoff_s(attempt, self.settings.retry_base_s, self.settings.retry_cap_s, self._jitter())
        self.claim.release(*described(error), after_s)
        return after_s

    def _fail(self, error: BaseException, *, uncertain: bool = False) -> TaskFailedError:
        """Record it; returns what Celery is to be told."""
        told = TaskFailedError(*described(error))
        self.claim.fail(*told.args, uncertain=uncertain)
        self._copy_outcome(states.FAILURE, told)
        return told

    def _copy_outcome(self, state: str, meta: Any) -> None:
        """Celery's own record, for Flower and AsyncResult. A dead result backend must not undo what was done."""
        try:
            self.update_state(state=state, meta=meta)
        except Exception as error:
            logger.warning("%s: the result backend did not take the outcome: %s", self.request.id, error)


def backoff_s(attempt: int, base_s: float, cap_s: float, jitter: float) -> float:
    """Doubles with each attempt up to the cap; `jitter` (0 to 1) spreads it over its upper half, against herds."""
    return min(cap_s, base_s * 2.0 ** (attempt - 1)) * (0.5 + jitter / 2)


def _repeated(task_id: str, outcome: Finished) -> Any:
    if outcome.succeeded:
        return outcome.result
    raise Ignore(f"{task_id} has failed before, for good")
