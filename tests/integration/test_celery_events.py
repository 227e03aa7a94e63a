"""The listener to Celery's events with a real Redis: what it hears, and that it ends in time whatever Redis does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from celery import Celery
from stormproof.brokers.redis.server import find_binary
from stormproof.frameworks.celery.events import CeleryEventsListener
from stormproof.history import CeleryEvent

PATIENCE_S = 15.0


def wait_until(happened: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < deadline, f"waited {PATIENCE_S} s in vain: {what}"
        time.sleep(0.02)


def answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def redis_server(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [find_binary().path, "--port", str(port), "--save", "", "--bind", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(port), "redis answers")
        yield server
    finally:
        server.kill()
        server.wait()


def client_of(port: int) -> Celery:
    return Celery(broker=f"redis://127.0.0.1:{port}/0", set_as_current=False)


@contextmanager
def listening(port: int) -> Iterator[tuple[CeleryEventsListener, list[CeleryEvent]]]:
    heard: list[CeleryEvent] = []
    listener = CeleryEventsListener(lambda: client_of(port), heard.append, t0=time.monotonic())
    listener.start()
    try:
        yield listener, heard
    finally:
        began = time.monotonic()
        listener.stop()
        assert time.monotonic() - began < 2.2


def send(port: int, task_id: str) -> None:
    """Send events as a worker does, by Celery's own dispatcher."""
    app = client_of(port)
    with app.connection_for_write() as connection, app.events.Dispatcher(connection, hostname="w@here") as dispatcher:
        dispatcher.send("worker-online")
        dispatcher.send("task-started", uuid=task_id)


def test_a_task_event_is_heard_with_its_word_id_and_host_and_a_workers_event_is_not(tmp_path: Path, port: int) -> None:
    with redis_server(tmp_path, port), listening(port) as (listener, heard):
        assert listener.wait_connected(PATIENCE_S)
        send(port, "one")
        wait_until(lambda: heard, "the event")
        assert [(event.word, event.task_id, event.hostname) for event in heard] == [("started", "one", "w@here")]
        assert 0 < heard[0].t < PATIENCE_S


def test_events_are_heard_again_after_redis_was_killed_and_came_back(tmp_path: Path, port: int) -> None:
    with listening(port) as (listener, heard):
        with redis_server(tmp_path, port):
            assert listener.wait_connected(PATIENCE_S)
        with redis_server(tmp_path, port):

            def send_and_look() -> bool:
                send(port, "two")
                return bool(heard)

            wait_until(send_and_look, "an event after the restart")
            assert heard[0].task_id == "two"


def test_it_stops_in_time_where_there_never_was_a_redis(port: int) -> None:
    with listening(port) as (listener, heard):
        assert not listener.wait_connected(0.5)
        assert heard == []


@pytest.mark.parametrize("connected", [True, False])
def test_it_stops_in_time_while_redis_is_frozen(tmp_path: Path, port: int, connected: bool) -> None:
    with redis_server(tmp_path, port) as server:
        try:
            with listening(port) as (listener, _):
                if connected:
                    assert listener.wait_connected(PATIENCE_S)
                os.kill(server.pid, signal.SIGSTOP)
                listener.wait_connected(1.0)
        finally:
            os.kill(server.pid, signal.SIGCONT)


def test_nothing_is_told_after_it_was_stopped(tmp_path: Path, port: int) -> None:
    with redis_server(tmp_path, port):
        with listening(port) as (listener, heard):
            assert listener.wait_connected(PATIENCE_S)
        send(port, "late")
        assert not listener._thread.is_alive()
        assert heard == []


def test_who_waits_for_a_connection_is_let_go_by_the_stop(port: int) -> None:
    listener = CeleryEventsListener(lambda: client_of(port), lambda event: None, time.monotonic())
    listener.start()
    with ThreadPoolExecutor(1) as waiters:
        waited = waiters.submit(listener.wait_connected, 60.0)
        began = time.monotonic()
        listener.stop(10)
        assert waited.result(timeout=PATIENCE_S) is False
    assert time.monotonic() < began + 1.5
