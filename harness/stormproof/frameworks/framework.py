"""What Stormproof asks of a task framework: to be watched, to be brought into a state, and to say where its messages are.

`frameworks/celery/` is one. To add another, imitate it, and name its class by an entry point of the group `stormproof.frameworks`; a
description chooses it with `framework = "..."`. `stormproof.testing` holds it to what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import msgspec

from stormproof.history import AnyEvent, Probe, Settings
from stormproof.spec.scenario import State
from stormproof.spec.trigger import Moment
from stormproof.wire.codec import Reader


class Hold(Enum):
    """What is known of the worker that was given a message.

    HELD: nothing proves that the worker does not have it. DONE: the worker has executed its task to the end since then, and will not do so
    again. GONE: it cannot have it any more. UNSEEN: no link has seen the delivery.
    """

    HELD = "held"
    DONE = "done"
    GONE = "gone"
    UNSEEN = "unseen"


class Unacked(NamedTuple):
    """A message that is recorded as unacknowledged. `place`: where, as its framework calls that. `eta`: when it is due, where it is not to run
    at once.
    """

    place: Any
    tag: bytes
    task_id: str
    eta: datetime | None
    hold: Hold


class HandBack(NamedTuple):
    """Messages that can be handed back now by what a live worker would do after `waited_s`. `do` does it, and blocks; it raises
    UnreachableError.
    """

    task_ids: tuple[str, ...]
    waited_s: float
    do: Callable[[], None]


class Workers(Protocol):
    """What is known of the workers besides what passes their links; `component` is the name of one copy."""

    def main_pid(self, component: str) -> int:
        """The pid of its main process, 0 where it does not run."""

    def consuming_since(self, component: str) -> float:
        """When its consumer was started last, by the run's clock; infinite in the past where that was never reported."""

    def finished_since(self, component: str, task_id: str) -> float:
        """When the latest of its executions of that task began that has come to its end; infinite in the past where none has."""

    def connected(self, link: str, connection: int) -> bool:
        """Whether it still has that connection of that link."""


class Messages(Protocol):
    """Where a framework's messages are in a broker, and who holds which. Whatever asks the broker raises UnreachableError while that does not
    answer. What it cannot see it must not count as nothing: `unseen` says so, and nothing is proved then.
    """

    def reader(self) -> Reader:
        """What reads the frames of one new connection."""

    def watch(self, moment: Moment, t: float) -> None:
        """Take a frame into account that passed at `t` of the run's clock, whatever a fault makes of it."""

    async def depth(self) -> tuple[int, int]:
        """How many messages are queued where workers read, and how many are unacknowledged."""

    async def astray(self) -> int:
        """How many are in places that no worker of the system reads."""

    async def unread(self) -> Sequence[object]:
        """The places in which messages wait though no link has seen a worker read them, for people."""

    async def unacked(self) -> Sequence[Unacked]:
        """Each unacknowledged message, and who has it."""

    async def discover(self) -> bool:
        """Look through the whole broker for places that are not known yet; whether there were any."""

    def unseen(self, alive: Iterable[str]) -> str:
        """What is not looked at, in one sentence with what to do about it; "" where everything is. `alive`: the workers."""

    def returns(self, message: Unacked, alive: Iterable[str]) -> bool:
        """Whether one of these live workers would hand the message back one day, if nobody held it."""

    def hand_back(self, messages: Sequence[Unacked], alive: Iterable[str]) -> list[HandBack]:
        """How to hand these messages back now, as a live worker would do when its time has come."""


class Journal(Protocol):
    """What the probes write, while they write it."""

    def read_new(self) -> Sequence[Probe | Settings]:
        """The events since the last call. Raises StormproofError for what is none."""


class Orders(Protocol):
    """What the probes are ordered to do to tasks. `spec/fault.py` says what an order looks like."""

    def give(self, order: dict[str, str]) -> None:
        """Have it done from now on."""

    def take_back(self, order: dict[str, str]) -> None:
        """Have it done no more."""


class Listener(Protocol):
    """Hears a framework's own events, in a thread."""

    def start(self) -> None:
        """Begin; returns at once."""

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether it hears within the time."""

    def stop(self, timeout_s: float) -> None:
        """Hear no more."""


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the harness's own that brings a worker into a state: it lasts until the file `release` exists, `at_most_s` at the longest.

    `early`: it is acknowledged when it begins. `eta_s`: in how many seconds it is due.
    """

    key: str
    release: Path
    at_most_s: float
    early: bool = False
    eta_s: float = 0.0


class Framework(Protocol):
    """One framework, for one run."""

    name: ClassVar[str]

    promises: ClassVar[Mapping[str, Any]]
    """What its documentation promises where a description says nothing: defaults of `[promises]`."""

    states: ClassVar[frozenset[State]]
    """The states into which it can bring a worker."""

    def probe(self, folder: Path) -> dict[str, str]:
        """Put the probe into the folder; the environment with which workers load it. Nothing of the application is changed."""

    def with_probe(self, command: list[str]) -> list[str]:
        """The command of a worker, so that it loads the probe."""

    def journal(self, path: Path, t0: float) -> Journal:
        """Reads what the probes write to that file; `t0` is the run's start by `time.monotonic()`."""

    def orders(self, path: Path) -> Orders:
        """Writes the file in which the probes look for orders."""

    def messages(
        self,
        server: Any,
        queues: tuple[str, ...],
        links: Workers,
        settings: Mapping[str, Settings],
        workers: Collection[str],
    ) -> Messages:
        """Where its messages are in that server. `queues`: those that the description names. `settings`: what each worker said of itself
        last; `workers`: the names of all copies. Raises DescriptionError for a broker that it does not know.
        """

    def submit(self, messages: Any, own: Own) -> str:
        """Submit a task of the harness's own, past the system; its id. Blocks; raises UnreachableError."""

    def result_key(self, task_id: str) -> str:
        """Under which key a task's result is stored."""


@runtime_checkable
class HasEvents(Protocol):
    """A framework that sends events of its own, which an operator's tools show."""

    def listener(self, messages: Any, add: Callable[[AnyEvent], None], t0: float) -> Listener:
        """What hears them, and calls `add` in its own thread."""


@runtime_checkable
class Cancels(Protocol):
    """A framework whose tasks can be cancelled."""

    def cancel(self, messages: Any, task_ids: Sequence[str]) -> list[str]:
        """Cancel these tasks, as a user does; who said that they know. Blocks; raises UnreachableError."""


@runtime_checkable
class TakesBadMessages(Protocol):
    """A framework into whose queue bad messages can be put."""

    bad_messages: ClassVar[tuple[str, ...]]
    """The names of those that it knows."""

    async def put_bad(self, messages: Any, kind: str, key: str) -> Callable[[], Any]:
        """Put one into the queue; what then asks whether a worker took it: a coroutine function that returns a bool. `key`: nobody has
        submitted it. Raises UnreachableError.
        """
