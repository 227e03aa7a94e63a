"""A program that sends tasks by way of kombu's in-memory transport, and what it has put into the queue."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Empty
from typing import Any

from celery import Celery
from celery.contrib.testing.app import setup_default_app
from stormproof.serializers import codec
from stormproof.serializers.exact import difference

TASK = "mail.send"


@dataclass(frozen=True)
class Sent:
    """A message as a worker would find it. `embed` are its callbacks, errbacks, chain and chord."""

    task: str
    args: Any
    kwargs: Any
    embed: dict[str, Any]


class Program:
    """A Celery app with a queue of its own. `taken` empties the queue."""

    def __init__(self, app: Celery, channel: Any) -> None:
        self.app = app
        self._channel = channel

    def send(self, serializer: str, value: Any) -> None:
        """As argument and as keyword argument."""
        self.app.send_task(TASK, (value,), {"value": value}, serializer=serializer)

    def taken(self) -> list[Any]:
        """Kombu's messages, in the order in which they were sent. `read` decodes one."""
        messages = []
        while True:
            try:
                message = self._channel.basic_get(self.app.conf.task_default_queue, no_ack=True)
            except Empty:  # There is no queue before the first message.
                return messages
            if message is None:
                return messages
            message.accept = {message.content_type}
            messages.append(message)


@contextmanager
def program() -> Iterator[Program]:
    """The current app, as a program's is: canvases look for it. Its connections are closed."""
    app = Celery("program", broker="memory://", backend="cache+memory://", set_as_current=False)
    app.conf.task_default_queue = uuid.uuid4().hex
    with (
        setup_default_app(app),
        app.connection_for_read() as connection,
    ):  # The first puts back which app was current, and closes this one.
        app.set_current()
        yield Program(app, connection.default_channel)


def read(message: Any) -> Sent:
    """Raises what the decoder raises."""
    args, kwargs, embed = message.decode()
    return Sent(message.headers["task"], args, kwargs, embed)


def arrivals(value: Any, message: Any) -> set[str]:
    """What became of a value that was sent by `Program.send`, as argument and as keyword argument, in the words of `Passage.what`."""
    try:
        sent = read(message)
    except Exception as error:
        cause = error.__cause__ or error.__context__ or error
        return {f"{codec.Fate.UNREADABLE.value}: {type(cause).__name__}"}
    found = [difference(value, sent.args[0]), difference(value, sent.kwargs["value"])]
    return {each.what if each else codec.Fate.UNCHANGED.value for each in found}
