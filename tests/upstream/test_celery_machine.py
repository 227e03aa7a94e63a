"""Where Celery's worker does not go on as it should: each test asserts what is right, and passes when that is mended."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery import Celery
from celery.result import allow_join_result
from kombu.exceptions import DecodeError


@pytest.mark.xfail(
    strict=True,
    raises=DecodeError,
    reason="Consumer.on_unknown_task() stores a failure, and what that raises ends the worker",
)
def test_a_message_of_a_task_that_nobody_knows_ends_no_worker() -> None:
    """Not even where there is a record of its id that cannot be read: an id is whatever the sender writes."""
    app = Celery(broker="memory://", backend="cache+memory://", set_as_current=False)
    app.backend.set(app.backend.get_key_for_task("t"), b"\x93garbage\xff{")
    with allow_join_result():  # A worker forbids it for all that runs in its process, from then on; this gives it back.
        consumer = app.WorkController(
            use_eventloop=False, without_gossip=True, without_mingle=True, pool="solo"
        ).consumer
    message = SimpleNamespace(
        headers={"id": "t", "task": "unknown"},
        properties={},
        delivery_info={},
        body=b"",
        reject_log_error=lambda *_: None,
    )
    consumer.on_unknown_task(None, message, KeyError("unknown"))
