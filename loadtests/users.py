"""Who comes: users whose arrivals do not wait for answers.

Each user is a Poisson process of `--rate` arrivals a second: so many users, so many times that rate, whatever the system answers.
"""

from __future__ import annotations

import random
from typing import Any, ClassVar

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, constant, task
from stormproof.drivers.clients import returned
from stormproof.drivers.http import answers
from stormproof.drivers.http.answers import Answer
from stormproof.history import Returned
from stormproof.spec.tables import Submit
from stormproof.spec.templates import pick, word
from target import Target, filled
from task_rows import IN_A_STORM, NeverEndedError, TaskRows

_AT_ONCE = 100
_GIVE_UP_S = 60.0
_STOP_S = 20.0


class Arriving(FastHttpUser):
    """Does something at each arrival, in a greenlet of its own, `most_in_flight` of them at once: those beyond wait, and their time runs.
    `target` and `rows` are the run's, set before the first user comes.
    """

    abstract = True
    wait_time = constant(0)
    most_in_flight: ClassVar[int] = 200
    concurrency = most_in_flight
    network_timeout = _GIVE_UP_S
    target: ClassVar[Target]
    rows: ClassVar[TaskRows]

    def on_start(self) -> None:
        """The first arrival is at no round time, either."""
        self._rate = self.environment.parsed_options.rate
        self._in_flight = Pool(self.most_in_flight)
        self._next = self.target.now() + random.expovariate(self._rate)

    @task
    def arrive(self) -> None:
        """Wait until the next arrival is due, and let it happen, however many are still under way; those that are late come together."""
        gevent.sleep(max(0.0, self._next - self.target.now()))
        for _ in range(_AT_ONCE):
            due, self._next = self._next, self._next + random.expovariate(self._rate)
            self._in_flight.spawn(self.act, due)
            if self._next > self.target.now():
                break

    def on_stop(self) -> None:
        """What is under way has its time, and is given up then."""
        self._in_flight.join(timeout=_STOP_S)
        self._in_flight.kill()

    def act(self, due: float) -> None:
        """What this user does at an arrival that was due at `due`."""
        raise NotImplementedError

    def submit(self, due: float, key: str) -> str:
        """Submit, and return the task's id; empty where it was not accepted."""
        how, rows = self.target.submit, self.rows
        rows.due(key, due)
        number = rows.invoked(key)
        path, body, headers = self.target.submission(key)
        with self.client.request(
            how.method,
            path,
            name=self._row(how.path, due),
            data=body,
            headers=headers,
            catch_response=True,
        ) as answer:
            returned = ended(how, answer, op=number, t=self.target.now())
            if returned.outcome != "ok":
                answer.failure(f"HTTP {answer.status_code}: {returned.error[:100]}")
        rows.returned(returned)
        if returned.outcome != "ok":
            rows.refused(key, f"HTTP {answer.status_code}")
            return ""
        rows.accepted(key, returned.task_id)
        return returned.task_id

    def _row(self, name: str, since: float) -> str:
        return name + IN_A_STORM if self.rows.in_a_storm(since) else name

    def state_of(self, task_id: str) -> str:
        """The word of the task's status; empty where there is none."""
        how = self.target.status
        path = filled(how.path, task_id=task_id)
        with self.client.get(path, name=self._row(how.path, self.target.now()), catch_response=True) as answer:
            if answer.status_code in how.unfinished_codes:
                answer.success()
            return word(pick(read(answer).document, how.state))


def read(answer: Any) -> Answer:
    """What Locust's client has of an answer, as the driver knows answers."""
    return Answer(answer.status_code, (answer.headers or {}).get("retry-after"), answer.content or b"")


def ended(how: Submit, answer: Any, *, op: int, t: float) -> Returned:
    """How a submission has ended, by the driver's rule; `answer` is that of Locust's client, whose status is 0 where none came."""
    if answer.status_code:
        return returned(answers.submitted(how, read(answer)), op=op, t=t)
    error = answer.error
    return returned(answers.unanswered(getattr(error, "original", None) or error), op=op, t=t)


class SubmitUser(Arriving):
    """Submits, and never asks."""

    weight = 3

    def act(self, due: float) -> None:
        self.submit(due, self.target.new_key())


class FollowUser(Arriving):
    """Submits, and asks until the task has ended, less and less often."""

    weight = 3

    def act(self, due: float) -> None:
        task_id = self.submit(due, self.target.new_key())
        if not task_id:
            return
        how, pause_s = self.target.status, 0.1
        try:
            with gevent.Timeout(_GIVE_UP_S):
                while self.state_of(task_id) not in (*how.success, *how.failure):
                    gevent.sleep(pause_s)
                    pause_s = min(1.0, pause_s * 1.5)
        except (gevent.Timeout, gevent.GreenletExit):
            self.rows.seen(due, NeverEndedError(f"task {task_id} has not been seen to end"))
        else:
            self.rows.seen(due)


class PollUser(Arriving):
    """Submits once, and asks for that task for ever, as a page that was left open."""

    weight = 2

    def on_start(self) -> None:
        super().on_start()
        self._task_id = ""

    def act(self, due: float) -> None:
        self._task_id = self._task_id or self.submit(due, self.target.new_key())
        if self._task_id:
            self.state_of(self._task_id)


class RepeatUser(Arriving):
    """Submits the same twice at once, as an impatient finger does. Whether it was done twice is for the verdict to say."""

    weight = 1

    def act(self, due: float) -> None:
        key = self.target.new_key()
        both = [gevent.spawn(self.submit, due, key) for _ in range(2)]
        gevent.joinall(both)


class WrongUser(Arriving):
    """Sends what no API should accept, and must be told so: 4xx, and nothing else."""

    weight = 1
    WRONG: ClassVar[tuple[dict[str, Any], ...]] = (
        {"data": b"{"},
        {"data": b"\xff\xfe"},
        {"json": {}},
        {"json": []},
        {"json": {"recipient": 1, "content": None}},
        {"data": b"[" * 5000},
    )

    def act(self, due: float) -> None:
        how = self.target.submit
        wrong = random.choice(self.WRONG)
        headers = {"Content-Type": "application/json"}
        with self.client.request(
            how.method,
            filled(how.path, key="wrong"),
            name="wrong requests",
            headers=headers,
            catch_response=True,
            **wrong,
        ) as answer:
            if 400 <= answer.status_code < 500:
                answer.success()
            else:
                answer.failure(f"HTTP {answer.status_code} for {str(wrong)[:60]}")
