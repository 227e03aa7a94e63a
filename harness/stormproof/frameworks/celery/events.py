"""Listens to Celery's own task events: what Flower receives, and shows to an operator."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery
from celery.events import EventReceiver

from stormproof.history import CeleryEvent

_RECONNECT_S = 0.2
_WAKE_S = 0.2
_SOCKET_TIMEOUT_S = 1.0
_AT_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0, "interval_max": 0}
"""kombu itself would sleep for two seconds before a retry, and not notice a stop meanwhile."""


class CeleryEventsListener:
    """Calls back, in its own thread, for each task event, and reconnects until it is stopped. `client`: makes a Celery
    client that is configured as the system's workers are.

    Events that are sent while it is not connected are lost, as they are for Flower.
    """

    def __init__(self, client: Callable[[], Celery], callback: Callable[[CeleryEvent], None], t0: float) -> None:
        self._client = client
        self._callback = callback
        self._t0 = t0
        self._stopped = threading.Event()
        self._connected = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="celery-events", daemon=True)

    def start(self) -> None:
        """Start listening; returns at once."""
        self._thread.start()

    def wait_connected(self, timeout_s: float) -> bool:
        """Whether it began to receive within the time, and was not stopped meanwhile."""
        return self._connected.wait(timeout_s) and not self._stopped.is_set()

    def stop(self, timeout_s: float = 2.0) -> None:
        """Stop. No callback begins after this. A thread that a frozen Redis still blocks is left behind: it is a
        daemon.
        """
        self._stopped.set()
        self._connected.set()  # Release waiters: nothing more will come, and a waiting thread would outlive the harness.
        self._thread.join(timeout_s)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._receive()
            except Exception:  # whatever broke the connection, the remedy is a new one
                self._stopped.wait(_RECONNECT_S)

    def _receive(self) -> None:
        app = self._client()
        options = {"socket_timeout": _SOCKET_TIMEOUT_S, "socket_connect_timeout": _SOCKET_TIMEOUT_S, **_AT_ONCE}
        with app.connection_for_read(connect_timeout=_SOCKET_TIMEOUT_S, transport_options=options) as connection:
            receiver = _Receiver(connection, {"*": self._event}, self._stopped, self._connected, app=app)
            for _ in receiver.consume(wakeup=False, safety_interval=_WAKE_S):
                pass

    def _event(self, event: dict[str, Any]) -> None:
        kind, _, word = event["type"].partition("-")
        if kind == "task" and not self._stopped.is_set():
            self._callback(
                CeleryEvent(
                    t=time.monotonic() - self._t0,
                    word=word,
                    task_id=str(event["uuid"]),
                    hostname=str(event.get("hostname", "")),
                )
            )


class _Receiver(EventReceiver):  # type: ignore[misc]  # celery has no types
    """Celery's receiver, which stops on request and gives up a connection at its first error."""

    connect_max_retries = 1

    def __init__(
        self,
        connection: Any,
        handlers: dict[str, Callable[[dict[str, Any]], None]],
        stopped: threading.Event,
        connected: threading.Event,
        app: Celery,
    ) -> None:
        super().__init__(connection, handlers=handlers, app=app)
        self._stopped, self._connected = stopped, connected
        self._drained_before = False

    @property
    def should_stop(self) -> bool:
        return self._stopped.is_set()

    def on_iteration(self) -> None:
        # kombu subscribes in the first drain, not before. Only the second turn shows that events arrive.
        if self._drained_before:
            self._connected.set()
        self._drained_before = True
