"""The gate: which messages of the queue reach the worker.

Celery's worker ends where a message is not as it expects: text that is no JSON, a body of another shape, a time limit
that is no pair, arguments of 900 levels. The message is put back as it dies, and ends the next worker, too. It holds
a message with an ETA in the year 9999 for ever, and unpacks whatever is said to be compressed. So a message is looked
at before Celery sees it, and what this service's publisher would not have written is logged and dropped. Nothing is
lost by that: what was accepted is in the journal, and is published again.
"""

from __future__ import annotations

import base64
import logging
from datetime import UTC, datetime, timedelta
from queue import Empty
from typing import Annotated, Any, Literal

from kombu import serialization
from kombu.transport import redis
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

LIMIT_BYTES = 1 << 20
DEPTH = 64
HORIZON = timedelta(days=1)
"""Beyond that nothing waits in a worker's memory, and no task may run."""

_SHOWN_CHARACTERS = 200

_Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
_Text = Annotated[str, Field(max_length=LIMIT_BYTES)]
_Limit = Annotated[float, Field(gt=0, le=HORIZON.total_seconds())] | None


class _Part(BaseModel):
    """What is not named is not let in."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)


class _Headers(_Part):
    """Celery's protocol 2, and the publisher's digest."""

    task: _Name
    id: _Name
    lang: Literal["py"]
    root_id: _Name | None = None
    parent_id: _Name | None = None
    shadow: None = None
    eta: _Text | None = None
    expires: _Text | None = None
    timelimit: Annotated[list[_Limit], Field(min_length=2, max_length=2)] | None = None
    retries: Annotated[int, Field(ge=0, le=1000)] = 0
    group: None = None
    group_index: None = None
    argsrepr: _Text = ""
    kwargsrepr: _Text = ""
    origin: _Text = ""
    ignore_result: bool | None = None
    replaced_task_nesting: Literal[0] = 0
    stamped_headers: None = None
    stamps: Annotated[dict[str, Any], Field(max_length=0)] = {}
    digest: _Name | None = None
    sent_at: float | None = None
    redelivered: bool = False  # kombu's own word, when it puts back what a worker has left.


class _DeliveryInfo(_Part):
    exchange: _Text
    routing_key: _Name
    redelivered: bool = False


class _Properties(_Part):
    delivery_tag: _Name
    delivery_info: _DeliveryInfo
    body_encoding: Literal["base64"]
    delivery_mode: Literal[1, 2] = 2
    priority: Annotated[int, Field(ge=0, le=9)] = 0
    correlation_id: _Name | None = None
    reply_to: _Name | None = None


class _Envelope(_Part):
    body: Annotated[str, Field(min_length=1, max_length=LIMIT_BYTES)]
    content_type: Literal["application/json"] = Field(alias="content-type")
    content_encoding: Literal["utf-8"] = Field(alias="content-encoding")
    headers: _Headers
    properties: _Properties


class _Embed(_Part):
    """This service has no chains and no callbacks."""

    callbacks: None = None
    errbacks: None = None
    chain: None = None
    chord: None = None


class _Body(_Part):
    content: tuple[list[Any], dict[str, Any], _Embed]


def objection(message: Any) -> str:
    """Why a message is not let in; empty where it is."""
    try:
        envelope = _Envelope.model_validate(message)
        body = base64.b64decode(envelope.body, validate=True)
        content = serialization.loads(body, "application/json", "utf-8")  # type: ignore[no-untyped-call, unused-ignore]
        _Body.model_validate({"content": content}, strict=False)
        _check_depth(content)
        for when in (envelope.headers.eta, envelope.headers.expires):
            _check_time(when)
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
    except (
        Exception
    ) as error:  # Decoders run what they find: bad base64, no JSON, a date in the 13th month, depth without end.
        return f"{type(error).__name__}: {error}"
    return ""


def _check_depth(content: Any) -> None:
    """Raises ValueError. What is nested deeper than JSON's own limit allows to be read ends the worker when it hands it to a pool process."""
    level = [content]
    for _ in range(DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise ValueError(f"nested in more than {DEPTH} levels")


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _check_time(text: str | None) -> None:
    """Raises ValueError, OverflowError."""
    if text is not None:
        when = datetime.fromisoformat(text)
        if abs((when if when.tzinfo else when.replace(tzinfo=UTC)) - datetime.now(UTC)) > HORIZON:
            raise ValueError(f"{text} is too far away")


class Channel(redis.Channel):  # type: ignore[misc, unused-ignore]
    """Reads the queue, and goes on where what it read is no message at all."""

    def _brpop_read(self, **options: Any) -> Any:
        transport = self.connection
        transport.at_gate = True
        try:
            return super()._brpop_read(**options)  # type: ignore[no-untyped-call, unused-ignore]
        except (RedisError, OSError, Empty):
            raise
        except Exception as error:
            if not transport.at_gate:
                raise
            _refuse(f"it is no message: {type(error).__name__}", getattr(error, "doc", error))
            return True
        finally:
            transport.at_gate = False


class Transport(redis.Transport):  # type: ignore[misc, unused-ignore]
    """`broker_transport` of the worker. `at_gate`: a message is being read from the queue, and has not passed yet."""

    Channel = Channel
    at_gate = False

    def _deliver(self, message: Any, queue: str) -> None:
        if self.at_gate and (reason := objection(message)):
            _refuse(reason, message)
            return
        self.at_gate = False
        super()._deliver(message, queue)  # type: ignore[no-untyped-call, unused-ignore]


def _refuse(reason: str, what: object) -> None:
    logger.error("refused a message: %s: %.*s", ascii(reason)[1:-1], _SHOWN_CHARACTERS, ascii(what))
