"""The script that calls RQ's own maintenance, alone; what it makes of jobs is in `test_messages`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from redis import Redis
from rq import Callback, Queue, Worker
from rq.job import Job
from stormproof.frameworks.rq import maintain

CALLBACK = """
def told(job, connection, kind, error, traceback):
    connection.set("told", kind.__name__)
"""


def test_a_failure_callback_of_the_systems_own_is_called(redis_port: int, connection: Redis, tmp_path: Path) -> None:
    (tmp_path / "shop_callbacks.py").write_text(CALLBACK)
    queue = Queue(connection=connection)
    job = queue.enqueue("math.sqrt", 4, on_failure=Callback("shop_callbacks.told"))
    Queue.dequeue_any([queue], timeout=None, connection=connection)
    worker = Worker([queue], connection=connection)
    execution = worker.prepare_execution(job)
    worker.prepare_job_execution(job, remove_from_intermediate_queue=True)
    entries = {"wip": [execution.composite_key], "intermediate": [job.id]}
    url = f"redis://127.0.0.1:{redis_port}/0"
    told = {"url": url, "prefix": "rq", "serializer": "", "queues": {"default": entries}}
    subprocess.run(
        [sys.executable, str(maintain.__file__)],
        input=json.dumps(told).encode(),
        cwd=tmp_path,
        env=os.environ,
        timeout=60,
        check=True,
    )
    assert connection.get("told") == b"AbandonedJobError"
    assert Job.fetch(job.id, connection=connection).get_status() == "failed"
