"""The words that events use, each a small set."""

from __future__ import annotations

from typing import Literal

Outcome = Literal["ok", "fail", "info"]
Purpose = Literal["workload", "recovery", "warmup", "state", "stranger"]
OpKind = Literal["submit", "status"]
ProbeWord = Literal[
    "received",
    "started",
    "succeeded",
    "failed",
    "retried",
    "ignored",
    "revoked",
    "rejected",
    "unknown",
    "consuming",
    "ready",
    "stopping",
]
FaultStage = Literal["injected", "bit", "healed", "failed"]
WireDirection = Literal["request", "reply", "push"]
Meaning = Literal[
    "publish", "deliver", "hold", "acknowledge", "requeue", "store_result", "read_result", "event", "unclear", "other"
]
"""What a frame does to a message or a result.

publish: a message of a task is put into a queue. deliver: a worker is given one (a request: it asks for one). hold: it is recorded as
unacknowledged. acknowledge: that record is taken away. requeue: it is put back into its queue. event: news of a task. unclear: a script
may do any of it. other: none of it.
"""
ProcessWord = Literal["started", "ready", "exited", "gave_up", "wiped"]
