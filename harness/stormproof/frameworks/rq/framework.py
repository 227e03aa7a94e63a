"""RQ, as a framework that a description can name."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from redis import Redis

from stormproof.brokers.redis.server import reaching
from stormproof.errors import DescriptionError
from stormproof.frameworks.copying import copy_probe
from stormproof.frameworks.framework import Own, Workers
from stormproof.frameworks.journal import ProbeJournal
from stormproof.frameworks.orders import Orders
from stormproof.frameworks.rq.jobs import BAD, bad_fields, job_fields
from stormproof.frameworks.rq.messages import RqMessages
from stormproof.history import Settings
from stormproof.spec.scenario import State

_LIMIT_S = 120
"""A state must outlast the storm, whatever limits the system sets for its jobs."""


class RqFramework:
    """RQ 3.0 on a Redis. With 2.6 and later, the probe reports less."""

    name: ClassVar[str] = "rq"
    promises: ClassVar[Mapping[str, Any]] = {"delivery": "at_most_once"}
    states: ClassVar[frozenset[State]] = frozenset({State.IDLE, State.RUNNING_LATE})
    """A worker holds one job, whose record is removed when the job has ended. It holds none that is due later, and none
    in advance.
    """
    bad_messages: ClassVar[tuple[str, ...]] = BAD

    def probe(self, folder: Path) -> dict[str, str]:
        """The probe is loaded by `sitecustomize`."""
        here = Path(__file__).parent
        copy_probe(str(here / "probe.py"), folder, loader=str(here / "loader.py"))
        return {"PYTHONPATH": str(folder)}

    def with_probe(self, command: list[str]) -> list[str]:
        """`rq worker` as it is."""
        return command

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
    ) -> RqMessages:
        """What RQ keeps in that server. Raises DescriptionError if it is not a Redis."""
        if not hasattr(server, "databases"):
            raise DescriptionError(
                f"{server.component}: RQ's jobs are in a Redis, and this is a {server.spec.kind}; use a broker of the kind redis"
            )
        return RqMessages(server, queues, links, settings, workers)

    def submit(self, messages: RqMessages, own: Own) -> str:
        """Enqueue the probe's own job. Raises UnreachableError."""
        job_id, told = str(uuid.uuid4()), messages.settings
        arguments = {"key": own.key, "release_path": str(own.release), "at_most_s": own.at_most_s}
        queue = messages.queue.name
        messages.put(
            job_id, job_fields("stormproof_probe.hold", own.key, arguments, queue, told.serializer, timeout_s=_LIMIT_S)
        )
        return job_id

    def result_key(self, task_id: str) -> str:
        """The stream of its results; its state is in `rq:job:ID`."""
        return f"rq:results:{task_id}"

    def cancel(self, messages: RqMessages, task_ids: Sequence[str]) -> list[str]:
        """Cancel jobs as a user does: a waiting job is removed from its queue, and the worker of a running one is
        ordered to stop it. Return who received the order: that worker, by its name in RQ, or the Redis. Raises
        UnreachableError.
        """
        from rq.command import send_stop_job_command  # noqa: PLC0415  # RQ is here only where it is asked for.
        from rq.exceptions import InvalidJobOperation, NoSuchJobError  # noqa: PLC0415
        from rq.job import Job  # noqa: PLC0415

        told = []
        with reaching(), Redis.from_url(messages.server.url_of(messages.queue.database), socket_timeout=3) as client:
            for task_id in task_ids:
                try:
                    job = Job.fetch(task_id, connection=client)
                    if job.get_status(refresh=False) == "started":
                        send_stop_job_command(client, task_id)
                        told.append(str(job.worker_name))
                    else:
                        job.cancel()
                        told.append(f"redis.{messages.server.name}")
                except (NoSuchJobError, InvalidJobOperation):
                    continue  # It has ended meanwhile.
        return told

    async def put_bad(self, messages: RqMessages, kind: str, key: str) -> Callable[[], Awaitable[bool]]:
        """Put a bad job into the queue; return what checks whether a worker has taken it. Raises UnreachableError."""
        job_id = f"stormproof-{kind}"
        fields = bad_fields(kind, key, messages.queue.name, messages.settings.serializer)
        await asyncio.to_thread(messages.put, job_id, fields)

        async def taken() -> bool:
            return not await messages.waits(job_id)

        return taken
