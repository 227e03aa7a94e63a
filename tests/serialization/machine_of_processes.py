"""The hardened service as it runs: real Redis servers, API, worker and sweeper, each a process, each behind its link.

The worker consumes only while it is told to `work`, so that the rules come one after the other here, too; within that time it does as it likes.
The sweeper is never held. Time passes by moving the times in the journal and in the broker into the past.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from hardened.broker_queue import QUEUE
from hardened.journal import Journal, held
from hardened.sweeper import patience_s
from kombu.exceptions import OperationalError
from machine import KEEP_OUTCOMES_S, LIVES, Answer, Delivered, Fate, MailServer, Spoiling, Submission, When, Who
from mail_server import MODES, KeepingSmtpServer
from redis import Redis
from redis.exceptions import RedisError
from spoiling import spoilt
from standing_system import standing
from stormproof.effects.smtp import server as effects
from stormproof.engine.world import World
from stormproof.history.recorder import Recorder
from stormproof.processes.replica import Replica
from stormproof.spec import description

HARDENED = Path(__file__).parents[2] / "system_under_test" / "hardened.toml"
WORKER = description.load(HARDENED).components["worker"].command
VISIBILITY_S, RESUBMIT_S = 10.0, 4.0
_PATIENCE_S = 30.0
_CALM_S = 0.2
"""How long nothing may be in anybody's hands. A hand-over takes milliseconds."""


class OfProcesses:
    """See `machine.System`. Use as a context manager; `folder` is for logs and the journal."""

    api_can_die = False
    fates: Mapping[Who, Sequence[When]] = {"pool process": ("claimed", "sent"), "worker": ("claimed",)}

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._consumes = True

    def __enter__(self) -> OfProcesses:
        journal = self._folder / "journal.sqlite3"
        change: dict[str, Any] = {
            "env": {
                "JOURNAL_PATH": str(journal),
                "KEEP_OUTCOMES_S": str(KEEP_OUTCOMES_S),
                "STALL_S": "1000",  # It rightly takes nothing while it is not told to work.
                "SUBMIT_WITHIN_S": "5",  # A busy machine is no broker that is down.
                "PUBLISH_TIMEOUT_S": "3",
            },
            "components": {name: {"restart_delay_s": 0.05} for name in ("api", "worker", "sweeper")},
        }
        # It would wait a second at each start for others to answer; there are none.
        change["components"]["worker"]["command"] = [*WORKER, "--without-mingle"]
        self._standing = self._stack.enter_context(
            standing(description.load(HARDENED, change), self._folder, self._replace_mail_server)
        )
        self.world = self._standing.world
        self.journal = Journal(journal)
        self._client = httpx.Client(trust_env=False, timeout=10)
        self.messages = Redis(port=self.world.stores["broker"].port)
        self.results = Redis(port=self.world.stores["results"].port, db=1)
        self._celery = self.world.messages.celery()
        for each in (self._client, self.messages, self.results, self._celery):
            self._stack.callback(each.close)
        self._hold()
        return self

    def __exit__(self, *ending: Any) -> None:
        self._stack.__exit__(*ending)

    @property
    def delivered(self) -> list[Delivered]:
        return self._mail.delivered

    def reset(self) -> None:
        self.behave("accepts")
        self.rest()
        self.messages.flushall()
        self.results.flushall()
        with self.journal.transaction() as db:
            db.execute("DELETE FROM submissions")
        self.delivered.clear()

    # What the machine does.

    def submit(self, submission: Submission, *, dies: bool = False) -> Answer:
        mail, key = submission.mail, submission.key
        body = {"recipient": mail.recipient, "content": mail.content}
        headers = {} if key is None else {"Idempotency-Key": key.encode("latin-1")}
        return _answer(self._client.post(f"{self.world.address('api')}/send-email", json=body, headers=headers))

    def status(self, task_id: str) -> Answer:
        return _answer(self._client.get(f"{self.world.address('api')}/task-status/{quote(task_id, safe='')}"))

    def work(self, fate: Fate) -> bool:
        waiting = self._queued()
        if fate != LIVES:
            self._strike(fate)
        self._let_go()
        self.rest()
        self._hold()
        return waiting > 0

    def sweep(self) -> bool:
        if not self._redis_is_up():
            return False
        self._until(self._swept, "the sweeper did not do its work")
        return True

    def pass_time(self, seconds: float) -> None:
        with self.journal.transaction() as db:
            db.execute(
                "UPDATE submissions SET accepted_at = accepted_at - :s, published_at = published_at - :s, due_at = due_at - :s,"
                " lease_until = lease_until - :s, finished_at = finished_at - :s",
                {"s": seconds},
            )
        for tag in self.messages.zrange("unacked_index", 0, -1):
            self.messages.zincrby("unacked_index", -seconds, tag)

    def rest(self) -> None:
        calm_since = time.monotonic()
        deadline = calm_since + _PATIENCE_S
        while time.monotonic() - calm_since < _CALM_S:
            if self._moves():
                calm_since = time.monotonic()
            assert time.monotonic() < deadline, f"no rest: {self._queued()} queued, {self._at_work()} at work"
            time.sleep(0.02)

    def revoke(self, task_id: str) -> None:
        self._tell("revoke", task_id)

    def spoil_message(self, how: Spoiling) -> None:
        if raw := self.messages.rpop(QUEUE):
            self.messages.rpush(QUEUE, spoilt(raw, how))

    def spoil_result(self, task_id: str, value: bytes | None) -> None:
        key = f"celery-task-meta-{task_id}"
        self.results.delete(key) if value is None else self.results.set(key, value)

    def wipe_broker(self) -> None:
        self.messages.flushall()

    def broker_down(self) -> None:
        self._standing.call(self._killed("redis.broker"))
        self.messages.connection_pool.disconnect()

    def broker_up(self) -> None:
        self._standing.call(self.world.start_server(self.world.stores["broker"]))
        self.restart_worker()  # Rather than wait until it tries again.

    def restart_api(self) -> None:
        self._replace("api")

    def restart_worker(self) -> None:
        self._replace("worker")
        self._hold()

    def behave(self, mail_server: MailServer) -> None:
        self._standing.call(self._mail.set_mode(MODES[mail_server]))

    # How that is done.

    def _replace_mail_server(self, world: World, recorder: Recorder) -> None:
        world.effects = self._mail = KeepingSmtpServer(recorder.add, recorder.t0)

    def _until(self, condition: Callable[[], object], otherwise: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, otherwise
            time.sleep(0.02)

    def _replica(self, component: str) -> Replica:
        return self.world.components(component)[0]

    def _replace(self, component: str) -> None:
        """Kill it; its supervisor starts another."""
        self._standing.call(self._killed(component))
        self._until(lambda: self._replica(component).is_ready, f"no {component} after the kill")

    async def _killed(self, component: str) -> None:
        self.world.expect_exit(component)
        for running in self.world.struck(component):
            running.signal_tree(signal.SIGKILL)
            await running.exited()

    def _strike(self, fate: Fate) -> None:
        """Let it work until its task is where it is to die, and kill."""
        if fate.when == "sent":
            self._mail.holds_receipts = True
            self.behave("accepts")
        else:
            self._standing.call(self._mail.set_mode(effects.Hold()))
        self._let_go()
        self._until(lambda: self._mail.bites or not self._moves(), "the task did not come as far as that")
        if fate.who == "worker":
            self._replace("worker")
        else:
            for pid in self._at_work():
                self.world.kill_child("worker", pid)
        self._mail.holds_receipts = False
        self.behave("accepts")

    def _hold(self) -> None:
        self._consumes = False
        self._tell("cancel_consumer", QUEUE)

    def _let_go(self) -> None:
        self._consumes = True
        self._tell("add_consumer", QUEUE)

    def _tell(self, command: str, about: str) -> None:
        """Until the worker answers that it has heard."""

        def told() -> object:
            try:
                return getattr(self._celery.control, command)(about, reply=True, timeout=1, limit=1)
            except (OperationalError, RedisError):
                return None  # A connection of before.

        self._until(told, f"the worker did not hear {command}")

    def _redis_is_up(self) -> bool:
        running = self.world.stores["broker"].running
        return running is not None and running.alive

    def _queued(self) -> int:
        return int(self.messages.llen(QUEUE))

    def _moves(self) -> bool:
        """Whether something is in somebody's hands, or about to be."""
        if not self._redis_is_up():
            return False
        visible = self.messages.zcount("unacked_index", 0, time.time() - VISIBILITY_S)
        wanted = self._consumes and (self._queued() or visible)
        return bool(wanted or self._at_work() or not self._replica("worker").is_ready)

    def _at_work(self) -> list[int]:
        """The processes that hold a task."""
        rows = self.journal.connection.execute("SELECT holder, lease_until FROM submissions WHERE finished_at IS NULL")
        return [int(row["holder"].rsplit(":", 2)[1]) for row in rows if held(row, time.time())]

    def _swept(self) -> bool:
        old = "SELECT count(*) FROM submissions WHERE finished_at < ?"
        if self.journal.connection.execute(old, (time.time() - KEEP_OUTCOMES_S,)).fetchone()[0]:
            return False
        return not self.journal.due(1, patience_s(self._queued(), self.journal.waiting(), RESUBMIT_S))


def _answer(response: httpx.Response) -> Answer:
    is_json = response.headers.get("content-type") == "application/json"
    return Answer(response.status_code, response.headers, response.json() if is_json else response.text)
