"""Celery, as a framework that a description can name."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from stormproof.errors import DescriptionError
from stormproof.frameworks.celery.events import CeleryEventsListener
from stormproof.frameworks.celery.on_redis.deliveries import Deliveries
from stormproof.frameworks.celery.on_redis.messages import KombuMessages, reaching
from stormproof.frameworks.copying import copy_probe
from stormproof.frameworks.framework import Own, Workers
from stormproof.frameworks.journal import ProbeJournal
from stormproof.frameworks.orders import Orders
from stormproof.history import AnyEvent, Settings
from stormproof.spec.scenario import State

_PROBE_MODULE = "stormproof_probe"
_LIMITS = {"soft_time_limit": 110, "time_limit": 120}
"""A state must outlast the storm, whatever limits the system sets for its tasks."""
_REPLY_S = 3.0
_OF_A_KNOWN_TASK = ("forbidden_content_type", "null_body")


class CeleryFramework:
    """Celery 4.4 and later, on a Redis."""

    name: ClassVar[str] = "celery"
    promises: ClassVar[Mapping[str, Any]] = {}
    states: ClassVar[frozenset[State]] = frozenset(State)
    bad_messages: ClassVar[tuple[str, ...]] = (
        "forbidden_content_type",
        "undecodable",
        "unknown_task",
        "cut_off",
        "null_body",
    )

    def probe(self, folder: Path) -> dict[str, str]:
        """The probe is a module, which `-I` has the worker import."""
        copy_probe(str(Path(__file__).with_name("probe.py")), folder)
        return {"PYTHONPATH": str(folder)}

    def with_probe(self, command: list[str]) -> list[str]:
        """`celery worker -I stormproof_probe`, unless `{probe}` already appears in it."""
        return command if any(_PROBE_MODULE in word for word in command) else [*command, "-I", _PROBE_MODULE]

    def journal(self, path: Path, t0: float) -> ProbeJournal:
        """Reads the probes' file."""
        return ProbeJournal(path, t0)

    def orders(self, path: Path) -> Orders:
        """Writes the orders' file."""
        return Orders(path)

    def messages(
        self,
        server: Any,
        queues: tuple[str, ...],
        links: Workers,
        settings: Mapping[str, Settings],
        workers: Collection[str],
    ) -> KombuMessages:
        """What kombu keeps in that server. Raises DescriptionError if it is not a Redis."""
        if not hasattr(server, "databases"):
            raise DescriptionError(
                f"{server.component}: Celery's messages in a {server.spec.kind} cannot be seen; use a broker of the kind redis"
            )
        return KombuMessages(server, queues, Deliveries(links), settings, workers)

    def submit(self, messages: KombuMessages, own: Own) -> str:
        """Send one of the probe's own tasks."""
        task = "stormproof.hold_early" if own.early else "stormproof.hold_late"
        kwargs = {"key": own.key, "release_path": str(own.release), "at_most_s": own.at_most_s}
        eta = datetime.now(UTC) + timedelta(seconds=own.eta_s) if own.eta_s else None
        with reaching():
            return str(messages.celery().send_task(task, kwargs=kwargs, eta=eta, **_LIMITS).id)

    def result_key(self, task_id: str) -> str:
        """The key that Celery's Redis result backend uses."""
        return f"celery-task-meta-{task_id}"

    def listener(self, messages: KombuMessages, add: Callable[[AnyEvent], None], t0: float) -> CeleryEventsListener:
        """A listener for the events that Flower shows."""
        return CeleryEventsListener(messages.celery, add, t0)

    def cancel(self, messages: KombuMessages, task_ids: Sequence[str]) -> list[str]:
        """The control command `revoke`, without `terminate`."""
        with reaching():
            answers = messages.celery().control.revoke(list(task_ids), reply=True, timeout=_REPLY_S)
        return [next(iter(answer)) for answer in answers or ()]

    async def put_bad(self, messages: KombuMessages, kind: str, key: str) -> Callable[[], Awaitable[bool]]:
        """A forbidden content type (pickle, of a task that would run if it were unpickled), a body that is not JSON, an
        unknown task, a message that is cut off in its middle, or one whose body is null.
        """
        client, place = messages.inbox()
        text = json.dumps(_bad(kind, messages.queue, key))
        if kind == "cut_off":
            text = text[: len(text) // 2]
        with reaching():
            await client.lpush(place, text)

        async def taken() -> bool:
            with reaching():
                return text.encode() not in await client.lrange(place, 0, -1)

        return taken


def _bad(kind: str, queue: str, key: str) -> dict[str, Any]:
    """A message as kombu's Redis transport writes it (protocol 2)."""
    task_id = f"stormproof-{kind}"
    # The probe's own task, which every worker has. If it were executed, it would end at once.
    task = "stormproof.hold_early" if kind in _OF_A_KNOWN_TASK else "stormproof.nobody_knows_this"
    body = {"undecodable": b"[[], {", "null_body": b"null"}.get(kind, b"[[], {}, null]")
    if kind == "forbidden_content_type":
        body = pickle.dumps(([], {"key": key, "release_path": "/", "at_most_s": 0}, {}))
    return {
        "body": base64.b64encode(body).decode(),
        "content-encoding": "binary" if kind == "forbidden_content_type" else "utf-8",
        "content-type": "application/x-python-serialize" if kind == "forbidden_content_type" else "application/json",
        "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": task_id,
        },
    }
