"""The vocabularies that events use; each is a small set."""

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
"""The effect of a frame on a message or a result.

publish: a message of a task is put into a queue. deliver: a worker receives one (for a request: asks for one). hold: a
message is recorded as unacknowledged. acknowledge: that record is removed. requeue: it is put back into its queue.
event: news of a task. unclear: a script that may do any of these. other: none of these.
"""
ProcessWord = Literal["started", "ready", "exited", "gave_up", "wiped"]
