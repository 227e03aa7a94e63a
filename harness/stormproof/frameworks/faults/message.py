"""Put a message into the queue that no worker should run, as a misconfigured client, an old release, or an attacker
does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.seams import FRAMEWORKS
from stormproof.spec.system import System

_PLACE = 6000
"""No submission has this place: anything that runs with its key is a phantom."""


class BadMessage(Fault, frozen=True, kw_only=True, tag="bad_message"):
    """`kind`: one that the framework supports. For Celery: `forbidden_content_type` (pickle, of a task that would run
    if it were unpickled), `undecodable` (a body that is not JSON), `unknown_task`, `cut_off` (in its middle),
    `null_body`.

    It has taken effect when the message has left the queue. There is nothing to heal: the message stays wherever the
    worker puts it.
    """

    component: str = "redis"
    kind: str

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        return [cls(component=system.broker_server, kind=kind) for kind in _known(system)]

    def why_not(self, system: System) -> str:
        """Why there is no such message for this framework."""
        known = _known(system)
        if self.kind in known:
            return system.lacks(self.target)
        return f"{system.framework} has no bad message {self.kind!r}; it has: {', '.join(known) or 'none'}"

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        taken = await target.framework.put_bad(target.messages, self.kind, target.key(_PLACE))

        async def evidence() -> str:
            return "a worker took it from the queue" if await taken() else ""

        yield evidence


def _known(system: System) -> tuple[str, ...]:
    found: tuple[str, ...] = getattr(FRAMEWORKS.get(system.framework), "bad_messages", ())
    return found
