"""A worker of the hardened system under hostile messages: what is pushed, what must hold afterwards, and how that is seen from outside."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
from aiosmtpd.controller import Controller
from hardened.digest import digest_of
from redis import Redis
from standing_system import Standing, standing
from stormproof import plant
from stormproof import system as systems
from stormproof.ports import Ports
from stormproof.strategies.hostile import Hostile
from stormproof.strategies.messages import envelope

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
        body = message.content.replace(b"\r\n", b"\n").partition(b"\n\n")[2]
        self.got.append((message.rcpt_tos[0], body.decode(errors="replace").strip()))
        return "250 OK"


class Touch:
    """Whoever unpickles it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (open, (str(self.path), "w"))


class Siege:
    """`holds` is the property. `pushed` counts all hostile messages so far."""

    def __init__(self, system: Standing, mailbox: Mailbox, trap: Path) -> None:
        self._system, self._mailbox, self.trap = system, mailbox, trap
        (self._worker,) = system.world.components("worker")
        self._http = httpx.Client(base_url=system.world.address("api"), timeout=5)
        self._broker = Redis(port=system.world.broker.server.port)
        self._turn = 0
        self.pushed = 0
        self.task_id = self._submit("first")
        self._wait("the first e-mail", lambda: ("first@example.org", "first") in mailbox.got)
        self._calm_bytes = max(self._peaks())

    def holds(self, batch: Sequence[Hostile]) -> None:
        """Push a batch, and after it an ordinary task through the API. AssertionError unless the worker survives, has said something of
        each message, has executed nothing that was not sent, has unpickled nothing, has not grown, and takes the next.
        """
        self._turn += 1
        self._stand_up()
        pid, since, name = self._worker.pid, self._log_size(), f"canary-{self._turn}"
        for hostile in batch:
            self._broker.lpush("celery", self._fresh(hostile.raw))
        self.pushed += len(batch)
        self._submit(name)
        canary = (f"{name}@example.org", name)
        died = self._wait(
            "the next task", lambda: canary in self._mailbox.got or self._worker.pid != pid or not self._worker.alive
        )
        assert self._worker.alive and self._worker.pid == pid and not died, "the worker died"
        self._wait("an empty queue", lambda: not self._broker.exists("celery", "unacked"))
        said = len(_SAID.findall(self._system.log("worker", since)))
        assert said == len(batch) + 1, f"of {len(batch) + 1} messages {said} left a word"
        sent = {(ARGUMENTS["recipient"], ARGUMENTS["content"]), ("first@example.org", "first")}
        sent |= {(f"canary-{turn}@example.org", f"canary-{turn}") for turn in range(self._turn + 1)}
        assert not set(self._mailbox.got) - sent, f"executed, and never sent: {set(self._mailbox.got) - sent}"
        assert not self.trap.exists(), "something was unpickled"
        grown = max(self._peaks()) - self._calm_bytes
        assert grown < MOST_GROWTH_BYTES, f"a process has grown by {grown >> 20} MiB"

    def answers(self, stored: bytes) -> None:
        """AssertionError unless the API tells of a finished task as ever while those bytes are its stored result."""
        results = Redis(port=self._system.world.redis["results"].port, db=1)
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
        """After a death: nothing is left over, and the supervisor has started the worker again."""
        if not self._worker.is_ready:
            self._wait(
                "a worker",
                lambda: bool(not self._broker.delete("celery", "unacked", "unacked_index") and self._worker.is_ready),
            )
            self._calm_bytes = max(self._peaks())
        self.trap.unlink(missing_ok=True)
        self._mailbox.got.clear()

    def _peaks(self) -> Iterator[int]:
        for process in (psutil.Process(self._worker.pid), *psutil.Process(self._worker.pid).children(recursive=True)):
            status = Path(f"/proc/{process.pid}/status").read_text()
            yield int(status.partition("VmHWM:")[2].split()[0]) << 10

    def _log_size(self) -> int:
        return (self._system.world.folder / "logs" / "worker.log").stat().st_size

    def _wait(self, what: str, condition: Callable[[], bool]) -> bool:
        """False where it came true; fails where it does not in time."""
        deadline = time.monotonic() + _WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, (
                f"no {what.removeprefix('the ').removeprefix('a ')} within {_WITHIN_S} s"
            )
            time.sleep(0.005)
        return False


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


def _description(mail_port: int, component: str, mistake: str) -> systems.System:
    path = ROOT / "system_under_test" / "hardened.toml"
    change: dict[str, Any] = {
        "env": {"SMTP_PORT": str(mail_port), "C_FORCE_ROOT": "1"},
        "components": {"sweeper": {"in_storms": False}},
    }
    if mistake:
        python, _, *command = systems.load(path).components[component].command
        file = ROOT / "tests" / "planted" / "mistakes" / f"{mistake}.py"
        change["components"][component] = {"command": [python, str(Path(plant.__file__)), str(file), *command]}
    return systems.load(path, change)
