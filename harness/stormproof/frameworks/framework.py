"""The interface of a task framework: how to watch it, bring its workers into a state, and find its messages.

`frameworks/celery/` is one. To add another, start from it, and name its class with an entry point of the group
`stormproof.frameworks`. A description selects it with `framework = "..."`. `stormproof.testing` checks it against this
interface.
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
    """What is known of the worker that received a message.

    HELD: nothing proves that the worker does not have it. DONE: the worker has executed its task to the end since then,
    and will not do so again. GONE: it cannot have it any more. UNSEEN: no link has seen the delivery.
    """

    HELD = "held"
    DONE = "done"
    GONE = "gone"
    UNSEEN = "unseen"


class Unacked(NamedTuple):
    """A message that is recorded as unacknowledged. `place`: where, in the framework's terms. `eta`: when it is due, if
    it is not to run at once.
    """

    place: Any
    tag: bytes
    task_id: str
    eta: datetime | None
    hold: Hold


class HandBack(NamedTuple):
    """Messages that can be handed back now by what a live worker would do after `waited_s`. `do` does it, and blocks;
    it raises UnreachableError.
    """

    task_ids: tuple[str, ...]
    waited_s: float
    do: Callable[[], None]


class Workers(Protocol):
    """What is known of the workers besides what passes their links; `component` is the name of one copy."""

    def main_pid(self, component: str) -> int:
        """The pid of its main process, 0 if it is not running."""

    def consuming_since(self, component: str) -> float:
        """When its consumer was last started, by the run's clock; minus infinity if that was never reported."""

    def finished_since(self, component: str, task_id: str) -> float:
        """The start time of its latest execution of that task that has ended; minus infinity if there is none."""

    def connected(self, link: str, connection: int) -> bool:
        """Whether it still has that connection of that link."""


class Messages(Protocol):
    """Where a framework's messages are in a broker, and which worker holds which. Methods that ask the broker raise
    UnreachableError if it does not answer. What an implementation cannot see must not count as nothing: `unseen`
    reports it, and then nothing is proved.
    """

    def reader(self) -> Reader:
        """A reader for the frames of one new connection."""

    def watch(self, moment: Moment, t: float) -> None:
        """Record a frame that passed at `t` of the run's clock, whatever a fault does to it."""

    async def depth(self) -> tuple[int, int]:
        """How many messages are queued where workers read, and how many are unacknowledged."""

    async def astray(self) -> int:
        """How many are in places that no worker of the system reads."""

    async def unread(self) -> Sequence[object]:
        """The places with waiting messages that no link has seen a worker read, for use in messages to the user."""

    async def unacked(self) -> Sequence[Unacked]:
        """Each unacknowledged message, and its holder."""

    async def discover(self) -> bool:
        """Search the whole broker for places that are not known yet; return whether there were any."""

    def unseen(self, alive: Iterable[str]) -> str:
        """What is not observed, in one sentence with what to do about it; "" if everything is. `alive`: the workers."""

    def returns(self, message: Unacked, alive: Iterable[str]) -> bool:
        """Whether one of these live workers would eventually hand the message back if no worker held it."""

    def hand_back(self, messages: Sequence[Unacked], alive: Iterable[str]) -> list[HandBack]:
        """How to hand these messages back now, as a live worker would do after the timeout."""


class Journal(Protocol):
    """The file that the probes write, read while they write it."""

    def read_new(self) -> Sequence[Probe | Settings]:
        """The events since the last call. Raises StormproofError for a line that is not an event."""


class Orders(Protocol):
    """The orders for the probes: what they do to tasks. `spec/fault.py` describes an order."""

    def give(self, order: dict[str, str]) -> None:
        """Put an order in force."""

    def take_back(self, order: dict[str, str]) -> None:
        """Withdraw an order."""


class Listener(Protocol):
    """Listens to a framework's own events, in a thread."""

    def start(self) -> None:
        """Start; returns at once."""

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether it is connected within the time."""

    def stop(self, timeout_s: float) -> None:
        """Stop listening."""


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A task of the harness's own that brings a worker into a state: it runs until the file `release` exists, for at
    most `at_most_s`.

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
    """Promises from its documentation, for keys that a description leaves out: defaults of `[promises]`."""

    states: ClassVar[frozenset[State]]
    """The states into which it can bring a worker."""

    def probe(self, folder: Path) -> dict[str, str]:
        """Put the probe into the folder; return the environment with which workers load it. The application itself does
        not change.
        """

    def with_probe(self, command: list[str]) -> list[str]:
        """The command of a worker, changed so that it loads the probe."""

    def journal(self, path: Path, t0: float) -> Journal:
        """A reader for what the probes write to that file; `t0` is the run's start by `time.monotonic()`."""

    def orders(self, path: Path) -> Orders:
        """A writer for the file in which the probes look for orders."""

    def messages(
        self,
        server: Any,
        queues: tuple[str, ...],
        links: Workers,
        settings: Mapping[str, Settings],
        workers: Collection[str],
    ) -> Messages:
        """Where its messages are in that server. `queues`: those that the description names. `settings`: what each
        worker last reported; `workers`: the names of all copies. Raises DescriptionError for a broker that it does not
        support.
        """

    def submit(self, messages: Any, own: Own) -> str:
        """Submit a task of the harness's own, directly and not through the system; return its id. Blocks; raises
        UnreachableError.
        """

    def result_key(self, task_id: str) -> str:
        """The key under which a task's result is stored."""


@runtime_checkable
class HasEvents(Protocol):
    """A framework that sends events of its own, which an operator's tools show."""

    def listener(self, messages: Any, add: Callable[[AnyEvent], None], t0: float) -> Listener:
        """A listener that calls `add` in its own thread."""


@runtime_checkable
class Cancels(Protocol):
    """A framework whose tasks can be cancelled."""

    def cancel(self, messages: Any, task_ids: Sequence[str]) -> list[str]:
        """Cancel these tasks, as a user does; return who confirmed it. Blocks; raises UnreachableError."""


@runtime_checkable
class TakesBadMessages(Protocol):
    """A framework into whose queue bad messages can be put."""

    bad_messages: ClassVar[tuple[str, ...]]
    """The names of those that it supports."""

    async def put_bad(self, messages: Any, kind: str, key: str) -> Callable[[], Any]:
        """Put one into the queue; return a coroutine function that checks whether a worker took it (a bool). `key`: no
        submission has it. Raises UnreachableError.
        """
