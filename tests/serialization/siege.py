"""A worker of the hardened system under hostile messages: what is pushed, what must hold afterwards, and how that is seen from outside."""

from __future__ import annotations

import email
import email.policy
import os
import re
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from aiosmtpd.controller import Controller
from hardened.digest import digest_of
from redis import Redis
from standing_system import Standing, standing
from stormproof.processes import plant
from stormproof.processes.ports import Ports
from stormproof.serializers.strategies.hostile import Hostile
from stormproof.serializers.strategies.messages import envelope
from stormproof.spec import description
from stormproof.spec.system import System

ROOT = Path(__file__).parents[2]
TASK = "hardened.send_email"
ARGUMENTS = {"recipient": "sound@example.org", "content": "hello"}
TASK_ID = "00000000-0000-4000-8000-000000000000"
SOUND = envelope(TASK, ARGUMENTS, task_id=TASK_ID, digest=digest_of(TASK_ID, ARGUMENTS))
"""What is spoilt. Each time that it is pushed it gets a task id of its own, as no task is executed twice."""

MOST_GROWTH_BYTES = 100 << 20
"""By so much may a process of the worker grow at its peak: messages of up to some megabytes are read, and nothing that they unpack to."""

_SAID = re.compile(r"refused a message: |Task \S+\[\S+\] received|Received unregistered task of type")
_WITHIN_S = 20


class Mailbox:
    """A real SMTP server that keeps recipient and content of every e-mail."""

    def __init__(self) -> None:
        self.got: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, message: Any) -> str:  # noqa: N802 - aiosmtpd's name.
        arrived = email.message_from_bytes(message.content, policy=email.policy.SMTPUTF8)
        self.got.append((message.rcpt_tos[0], arrived.get_content().strip()))
        return "250 OK"


class Touch:
    """Whoever unpickles it makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.path),))


class Siege:
    """`holds` is the property. `pushed` counts all hostile messages so far."""

    def __init__(self, system: Standing, mailbox: Mailbox, trap: Path) -> None:
        self._system, self._mailbox, self.trap = system, mailbox, trap
        (self._worker,) = system.world.components("worker")
        self._http = httpx.Client(base_url=system.world.address("api"), timeout=5)
        self._broker = Redis(port=system.world.messages.server.port)
        self._turn = 0
        self.pushed = 0
        self._processes: list[int] = []
        self._calm_bytes = 0
        self._fresh_worker()
        self.task_id = self._submit("canary-0")
        assert self._comes_true(lambda: bool(mailbox.got)), "no e-mail in calm"

    def holds(self, batch: Sequence[Hostile]) -> None:
        """Push a batch, and after it an ordinary task through the API. AssertionError unless the worker survives, has said something of
        each message, has executed nothing that was not sent, has unpickled nothing, has not grown, and takes the next.
        """
        self._turn += 1
        self._stand_up()
        since, name = self._log_size(), f"canary-{self._turn}"
        for hostile in batch:
            self._broker.lpush("celery", self._fresh(hostile.raw))
            self.pushed += 1
        self._submit(name)
        canary = (f"{name}@example.org", name)
        taken = self._comes_true(lambda: canary in self._mailbox.got or bool(self._harm()))
        # A message leaves the broker when its task has ended: now nothing of the batch is under way.
        empty = self._comes_true(lambda: not self._broker.exists("celery", "unacked") or bool(self._harm()))
        assert not self._harm(), self._harm()
        assert taken, f"the next task was not executed within {_WITHIN_S} s"
        assert empty, f"something was left in the broker for {_WITHIN_S} s"
        said = len(_SAID.findall(self._system.log("worker", since)))
        assert said == len(batch) + 1, f"of {len(batch) + 1} messages {said} left a word"

    def _harm(self) -> str:
        """What must never be, in the order of its weight; empty where all is well."""
        sent = {(ARGUMENTS["recipient"], ARGUMENTS["content"])} | {
            (f"canary-{turn}@example.org", f"canary-{turn}") for turn in range(self._turn + 1)
        }
        if self.trap.exists():
            return "something was unpickled"
        if others := set(self._mailbox.got) - sent:
            return f"executed, and never sent: {others}"
        if not self._worker.alive or self._worker.pid != self._processes[0]:
            return "the worker died"
        grown = self._peak() - self._calm_bytes
        return f"a process has grown by {grown >> 20} MiB" if grown > MOST_GROWTH_BYTES else ""

    def answers(self, stored: bytes) -> None:
        """AssertionError unless the API tells of a finished task as ever while those bytes are its stored result."""
        results = Redis(port=self._system.world.stores["results"].port, db=1)
        results.set(f"celery-task-meta-{self.task_id}", stored)
        answer = self._http.get(f"/task-status/{self.task_id}")
        assert answer.status_code == 200 and answer.json()["status"] == "SUCCESS", answer.text

    def close(self) -> None:
        """Close its connections."""
        self._http.close()
        self._broker.close()

    def _submit(self, name: str) -> str:
        answer = self._http.post("/send-email", json={"recipient": f"{name}@example.org", "content": name})
        assert answer.status_code == 202, answer.text
        return str(answer.json()["task_id"])

    def _fresh(self, raw: bytes) -> bytes:
        task_id = f"{self._turn:08x}-{self.pushed:04x}-4000-8000-000000000000"
        digest = digest_of(task_id, ARGUMENTS).encode()
        return raw.replace(digest_of(TASK_ID, ARGUMENTS).encode(), digest).replace(TASK_ID.encode(), task_id.encode())

    def _stand_up(self) -> None:
        """After a harm: nothing is left over, and the supervisor has started the worker again."""
        self._mailbox.got.clear()
        if self._harm():
            if self._worker.alive and self._worker.pid == self._processes[0]:
                self._worker.running.signal_tree(signal.SIGKILL)
            self._comes_true(
                lambda: self._broker.delete("celery", "unacked", "unacked_index") == 0 and self._fresh_worker()
            )
            with suppress(FileNotFoundError):
                self.trap.rmdir()

    def _fresh_worker(self) -> bool:
        if not self._worker.is_ready:
            return False
        below = self._worker.running.descendants()
        self._processes = [self._worker.pid, *(process.pid for process in below)]
        self._calm_bytes = self._peak()
        return True

    def _peak(self) -> int:
        """The most that a process of the worker has had in memory; those that are gone had nothing."""
        peaks = [0]
        for pid in self._processes:
            with suppress(OSError):
                said = Path(f"/proc/{pid}/status").read_text().partition("VmHWM:")[2].split()
                peaks.append(int(said[0]) << 10 if said else 0)
        return max(peaks)

    def _log_size(self) -> int:
        return (self._system.world.folder / "logs" / "worker.log").stat().st_size

    def _comes_true(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + _WITHIN_S
        while not (true := condition()) and time.monotonic() < deadline:
            time.sleep(0.005)
        return true


@contextmanager
def siege(folder: Path, component: str = "", mistake: str = "") -> Iterator[Siege]:
    """The hardened system without its sweeper, which would have more said of a message; or it with a mistake of `tests/planted` in a component."""
    mailbox, ports = Mailbox(), Ports()
    port = ports.free()
    mail = Controller(mailbox, hostname="127.0.0.1", port=port)
    mail.start()
    try:
        with standing(_description(port, component, mistake), folder) as system:
            besieged = Siege(system, mailbox, folder / "unpickled")
            try:
                yield besieged
            finally:
                besieged.close()
    finally:
        mail.stop()
        ports.close()


def _description(mail_port: int, component: str, mistake: str) -> System:
    path = ROOT / "system_under_test" / "hardened.toml"
    change: dict[str, Any] = {
        "env": {"SMTP_PORT": str(mail_port), "C_FORCE_ROOT": "1"},
        "components": {"sweeper": {"in_storms": False}},
    }
    if mistake:
        python, _, *command = description.load(path).components[component].command
        file = ROOT / "tests" / "planted" / "mistakes" / f"{mistake}.py"
        change["components"][component] = {"command": [python, str(Path(plant.__file__)), str(file), *command]}
    return description.load(path, change)
