"""The hardened service in one process: its API over ASGI, its worker without a pool, its sweeper as a call, and fakeredis over TCP.

All parts are the service's and Celery's own, as far as they need no other process: messages pass through kombu and Celery's consumer, tasks
through Celery's tracer. One thing happens at a time, and the journal's clock is set: the same steps always come to the same end.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import redis.utils
from asgi_client import request
from celery.worker import state
from fakeredis import TcpFakeServer
from fakeredis._clients._tcp_server import TCPFakeRequestHandler
from hardened import api, claims, gate
from hardened.api import create_app
from hardened.broker_queue import QUEUE, BrokerQueue
from hardened.claims import Claim
from hardened.intake import BoundedThreads
from hardened.journal import Journal
from hardened.once import TaskFailedError
from hardened.process_identity import own_name
from hardened.publisher import BrokerUnavailableError, Publisher
from hardened.settings import Settings
from hardened.sweeper import sweep
from hardened.tasks import SendEmail
from kombu.exceptions import DecodeError
from machine import KEEP_OUTCOMES_S, LIVES, Answer, Delivered, Fate, MailServer, Spoiling, Submission, When, Who
from mail_server import MODES, MailServerThread
from redis import Redis
from redis.exceptions import ResponseError
from spoiling import spoilt
from stormproof.processes.ports import Ports
from worker_in_memory import Killed, WorkerInMemory

MEMORY = Path("/dev/shm")
"""The journal waits for the disk at each commit; here that would prove nothing."""


class _Handler(TCPFakeRequestHandler):
    # fakeredis answers a pipeline in pieces, and each waits 40 ms for the acknowledgement of the one before.
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        read = self.current_client.read_response

        def read_response() -> Any:
            # fakeredis closes the connection after an error reply: see `test_an_error_reply_leaves_the_connection_open`.
            try:
                return read()
            except ResponseError as error:
                return error

        self.current_client.read_response = read_response


class FakeBroker:
    """fakeredis behind a port: it may be down, and keeps its data."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._server: Any = None
        self._data: Any = None
        self._thread: threading.Thread | None = None

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def up(self) -> None:
        """Listen, with the data of before."""
        if self._server is not None:
            return
        self._server = TcpFakeServer(("127.0.0.1", self.port))
        self._server.RequestHandlerClass = _Handler
        self._data = self._server.fake_server = self._data or self._server.fake_server
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), name="fakeredis")
        self._thread.start()

    def down(self) -> None:
        """Drop all connections, and be gone."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None


class MortalPublisher(Publisher):
    """The API's: with `dies`, its process ends before the message is published."""

    dies = False

    def publish(self, task_id: str, arguments: dict[str, Any]) -> None:
        if self.dies:
            raise Killed(pool_only=False)
        super().publish(task_id, arguments)


class Life:
    """Who works on a task at this moment, by the name by which it claims, and what is to become of it."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._killed: Killed | None = None
        self.live(LIVES)

    def live(self, fate: Fate) -> None:
        """Begin to work on a message."""
        self.fate, self._killed = fate, None
        host, pid, start = own_name().rsplit(":", 2)
        if fate.who in ("pool process", "worker"):
            start = str(
                int(start) + next(self._numbers)
            )  # When another process of this pid had begun: it is provably gone.
        elif fate.who != "nobody":
            host = f"elsewhere-{next(self._numbers)}"  # Nobody here can tell whether it lives.
        self.name = f"{host}:{pid}:{start}"

    def meets(self, when: str) -> bool:
        """Whether its fate comes true now. Raises Killed where that is its end, and ever after: the dead write nothing down."""
        if self._killed is not None:
            raise self._killed
        if not when or self.fate.when != when:
            return False
        who, self.fate = self.fate.who, LIVES
        if who == "overtaken":
            return True
        self._killed = Killed(pool_only=who == "pool process")
        raise self._killed


class MortalSendEmail(SendEmail):
    """Who is killed records nothing, whatever it catches."""

    def _fail(self, error: BaseException, *, uncertain: bool = False) -> TaskFailedError:
        if isinstance(error, Killed):
            raise error
        return super()._fail(error, uncertain=uncertain)


class InMemory:
    """See `machine.System`. Use as a context manager."""

    api_can_die = True
    fates: Mapping[Who, Sequence[When]] = {
        "overtaken": ("claimed",),
        "pool process": ("claimed", "at the fence", "sent", "recorded"),
        "worker": ("received", "claimed", "at the fence", "sent", "recorded"),
        "host": ("claimed", "sent"),
    }

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._runner = asyncio.Runner()
        self._now = 1_000_000.0
        self._life = Life()
        self._threads: list[BoundedThreads] = []
        self.refused: list[str] = []
        self.messages_spoilt = self.records_spoilt = 0

    def __enter__(self) -> InMemory:
        self._patch()
        self._stack.callback(self._runner.close)
        ports = Ports()
        self._stack.callback(ports.close)
        self._folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self._stack.callback(shutil.rmtree, self._folder)
        self._mail = self._stack.enter_context(MailServerThread(ports.free()))
        self.broker = FakeBroker(ports.free())
        self._stack.callback(self.broker.down)
        self.broker.up()
        url = f"redis://127.0.0.1:{self.broker.port}"
        self.settings = Settings(
            _env_file=None,  # type: ignore[call-arg]
            celery_broker_url=f"{url}/0",
            celery_result_backend=f"{url}/1",
            journal_path=self._folder / "journal",
            smtp_port=self._mail.server.port,
            # A busy machine is no broker that is down.
            submit_within_s=30.0,
            publish_timeout_s=20.0,
            keep_outcomes_s=KEEP_OUTCOMES_S,
        )
        self.messages = Redis.from_url(self.settings.celery_broker_url)
        self.results = Redis.from_url(self.settings.celery_result_backend)
        self._stack.callback(self.messages.close)
        self._stack.callback(self.results.close)
        self.journal = Journal(self.settings.journal_path, clock=self.clock)
        self._sweeper = Publisher(self.settings, self.clock)
        self._queue = BrokerQueue(self.settings.celery_broker_url, self.settings.publish_timeout_s)
        self._worker, self._other_worker = self._make_worker(), self._make_worker()
        self._start_api()
        self._stack.callback(self._stop_api)
        return self

    def __exit__(self, *ending: Any) -> None:
        self._stack.__exit__(*ending)

    @property
    def delivered(self) -> list[Delivered]:
        return self._mail.server.delivered

    def clock(self) -> float:
        """The journal's time."""
        return self._now

    def reset(self) -> None:
        self.broker.up()
        self._worker.renew()
        self._other_worker.renew()
        self.messages.flushall()
        with self.journal.transaction() as db:
            db.execute("DELETE FROM submissions")
        self.behave("accepts")
        self.delivered.clear()
        self.refused.clear()
        self.messages_spoilt = self.records_spoilt = 0
        self._life.live(LIVES)

    # What the machine does.

    def submit(self, submission: Submission, *, dies: bool = False) -> Answer:
        mail, key = submission.mail, submission.key
        self._publisher.dies = dies
        try:
            return self._request(
                "POST",
                "/send-email",
                content={"recipient": mail.recipient, "content": mail.content},
                headers={} if key is None else {"Idempotency-Key": key},
            )
        except Killed:
            self.restart_api()
            return Answer(0)

    def status(self, task_id: str) -> Answer:
        return self._request("GET", f"/task-status/{quote(task_id, safe='')}")

    def work(self, fate: Fate) -> bool:
        self._life.live(fate)
        try:
            return self._worker.take()
        except Killed:
            self._worker.die()
            return True
        except (DecodeError, LookupError):
            # Celery reads the record of a result before it writes one: see `test_a_state_that_cannot_be_read_does_not_take_the_end`.
            assert self.records_spoilt
            self._worker.die()  # Its supervisor starts another.
            return True
        finally:
            assert len(self.refused) <= self.messages_spoilt, f"a sound message was refused: {self.refused}"

    def sweep(self) -> bool:
        try:
            sweep(self.settings, self.journal, self._sweeper, self._queue)
        except BrokerUnavailableError:
            return False
        return True

    def pass_time(self, seconds: float) -> None:
        self._now += seconds
        if self.broker.is_up:
            for tag in self.messages.zrange("unacked_index", 0, -1):
                self.messages.zincrby("unacked_index", -seconds, tag)

    def rest(self) -> None:
        """It never moves by itself."""

    def revoke(self, task_id: str) -> None:
        self._worker.listen(lambda: task_id in state.revoked, lambda: self._sweeper._celery.control.revoke(task_id))

    def spoil_message(self, how: Spoiling) -> None:
        if raw := self.messages.rpop(QUEUE):
            self.messages.rpush(QUEUE, spoilt(raw, how))
            self.messages_spoilt += 1

    def spoil_result(self, task_id: str, value: bytes | None) -> None:
        key = f"celery-task-meta-{task_id}"
        self.results.delete(key) if value is None else self.results.set(key, value)
        self.records_spoilt += 1

    def wipe_broker(self) -> None:
        self.messages.flushall()

    def broker_down(self) -> None:
        self.broker.down()
        self._worker.die()
        self._other_worker.die()

    def broker_up(self) -> None:
        self.broker.up()

    def restart_api(self) -> None:
        self._stop_api()
        self._start_api()

    def restart_worker(self) -> None:
        self._worker.die()

    def behave(self, mail_server: MailServer) -> None:
        self._mail.call(self._mail.server.set_mode(MODES[mail_server]))

    # How it is made.

    def _make_worker(self) -> WorkerInMemory:
        task = MortalSendEmail(self.settings, self.journal, jitter=lambda: 0.0)
        worker = WorkerInMemory(self.settings, task, lambda: self._reach("received"))
        self._stack.callback(worker.die)
        return worker

    def _request(self, method: str, path: str, **what: Any) -> Answer:
        return self._runner.run(request(self._api, method, path, **what))

    def _start_api(self) -> None:
        self._publisher = MortalPublisher(self.settings, self.clock)
        self._api = create_app(self.settings, self._publisher, self._queue, self.clock)

    def _stop_api(self) -> None:
        self._publisher._celery.close()
        for threads in self._threads:
            threads._executor.shutdown()
        self._threads.clear()

    def _make_threads(self, number: int, within_s: float) -> BoundedThreads:
        self._threads.append(BoundedThreads(number, within_s))
        return self._threads[-1]

    def _patch(self) -> None:
        """A task meets its fate at these places; a name stands for a process."""
        self._replace(
            redis.utils, "get_lib_version", cache(redis.utils.get_lib_version)
        )  # Read from disk for each connection.
        self._replace(api, "BoundedThreads", self._make_threads)
        self._replace(claims, "own_name", lambda: self._life.name)
        self._replace(gate, "_refuse", lambda reason, what: self.refused.append(f"{reason}: {what}"))
        for name, before, after in (
            ("before_sending", "claimed", "at the fence"),
            ("succeed", "sent", "recorded"),
            ("fail", "", "recorded"),
            ("release", "", ""),
            ("may_have_sent", "", ""),
        ):
            self._replace(Claim, name, self._reaching(getattr(Claim, name), before, after))

    def _replace(self, owner: Any, name: str, new: Any) -> None:
        self._stack.enter_context(patch.object(owner, name, new))

    def _reaching(self, method: Any, before: str, after: str) -> Any:
        def reaching(claim: Claim, *args: Any, **kwargs: Any) -> Any:
            self._reach(before)
            found = method(claim, *args, **kwargs)
            self._reach(after)
            return found

        return reaching

    def _reach(self, when: str) -> None:
        if self._life.meets(when):
            self._overtake()

    def _overtake(self) -> None:
        """It sleeps until its lease is over, and another has done its work."""
        name = self._life.name
        self._life.live(LIVES)
        self.pass_time(self.settings.resubmit_after_s + 1)
        self.sweep()
        while self._other_worker.take():
            pass
        self._life.name = name
