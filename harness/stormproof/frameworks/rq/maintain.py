"""Makes RQ handle abandoned jobs at once, as it would after enough time. Runs in the worker's interpreter.

It does not import Stormproof. It reads one JSON object from stdin: `url` of the Redis, RQ's key `prefix`, the
`serializer` as a dotted name, and for each queue the entries of its StartedJobRegistry (`wip`) and the ids in its
intermediate queue (`intermediate`) that no worker has in hand any more. It makes those, and no others, as old as they
must be, and calls RQ's own maintenance: a job is retried if it has retries left, and failed otherwise. Exception
handlers of the worker's command line are not called.
"""

import json
import os
import sys
import time
from typing import Any

_TOO_OLD_S = 3600
"""Seconds. Longer than any heartbeat (90 s) or first look at the intermediate queue (60 s) may be."""


def main() -> None:
    told = json.load(sys.stdin)
    os.environ["RQ_KEY_PREFIX"] = told["prefix"]  # RQ reads it when it is imported.
    sys.path.insert(0, os.getcwd())  # A job's callbacks are the system's own.
    from redis import Redis  # noqa: PLC0415
    from rq import Queue, Worker  # noqa: PLC0415

    connection = Redis.from_url(told["url"], socket_timeout=5, socket_connect_timeout=5)
    past = time.time() - _TOO_OLD_S
    for name, jobs in told["queues"].items():
        queue = Queue(name, connection=connection, serializer=told["serializer"] or None)
        registry = queue.started_job_registry
        for entry in jobs["wip"]:
            connection.zadd(registry.key, {entry: past}, xx=True)
        registry.cleanup(timestamp=past + 1)
        if jobs["intermediate"]:
            _clean_intermediate(Worker([queue], connection=connection, prepare_for_work=False), queue, jobs, past)


def _clean_intermediate(worker: Any, queue: Any, jobs: Any, past: float) -> None:
    intermediate, meant = queue.intermediate_queue, set(jobs["intermediate"])
    for job_id in meant:
        worker.connection.set(intermediate.get_first_seen_key(job_id), past, ex=_TOO_OLD_S)
    intermediate.get_job_ids = lambda: [
        job_id for job_id in type(intermediate).get_job_ids(intermediate) if job_id in meant
    ]
    intermediate.cleanup(worker, queue)
    worker.connection.delete(worker.key)  # RQ has counted a failure there, for a worker that never existed.


if __name__ == "__main__":
    main()
