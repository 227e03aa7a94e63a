"""Programs live at their node's address, or are refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof.errors import NotSupportedError
from stormproof.pytest_celery.place import Place
from stormproof.pytest_celery.programs import Memcached, Program, Redis, Worker

PLACE = Place("127.11.22.33", Path("/own"), {})


def test_redis_listens_at_the_address_whatever_was_given() -> None:
    argv = Redis().argv(["redis-server", "--save", "", "--bind", "0.0.0.0"], PLACE)
    assert argv[1:5] == ["--save", "", "--bind", "0.0.0.0"]
    assert argv[5:9] == ["--bind", "127.11.22.33", "--port", "6379"]


def test_redis_cli_speaks_to_the_node() -> None:
    assert Redis().inside(["redis-cli", "PING"], PLACE)[1:] == ["-h", "127.11.22.33", "PING"]


def test_a_worker_is_called_after_its_node() -> None:
    worker = Worker(Path("/scripts"), Path("/venv"), ("celery", "-n", "default@%h"))
    assert worker.argv(None, PLACE) == ["celery", "-n", "default@127.11.22.33"]
    assert worker.argv(["celery", "-n", "given@%h"], PLACE) == ["celery", "-n", "given@127.11.22.33"]
    assert worker.path == (Path("/scripts"), Path("/venv/bin"))


@pytest.mark.parametrize(
    ("program", "said"),
    [(Redis(), "no redis-server found"), (Memcached(), "memcached is not installed; apt-get install memcached")],
)
def test_a_program_that_is_not_installed_is_refused_in_one_line(
    program: Program, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stormproof.brokers.redis.server._bundled", lambda: None)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(NotSupportedError, match=said):
        program.argv(None, PLACE)
