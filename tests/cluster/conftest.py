"""A cluster of the reference system: one Redis for messages, one for results, and workers of this very environment."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_celery import (
    CeleryBackendCluster,
    CeleryBrokerCluster,
    CeleryTestSetup,
    CeleryTestWorker,
    RedisTestBackend,
    RedisTestBroker,
)
from pytest_docker_tools import fxtr
from stormproof.pytest_celery.fixtures import worker

HERE = Path(__file__).parent
# The tests of this folder share `systems.py` and `mail.py`, and `watching.py` with the integration tests.
sys.path[:0] = [str(HERE), str(HERE.parent / "integration"), str(HERE.parents[1] / "system_under_test")]

from mail import MailServer  # noqa: E402
from systems import ROOT, Hardened, System, SystemWorker, Tutorial  # noqa: E402
from watching import eventually  # noqa: E402

BOTH = [pytest.param(Tutorial(), id="tutorial"), pytest.param(Hardened(), id="hardened")]


@pytest.fixture(params=BOTH)
def system(request: pytest.FixtureRequest) -> System:
    """Each test runs with both, unless it names one."""
    found: System = request.param
    return found


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """Where the workers send to."""
    server = MailServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def journals(tmp_path: Path) -> Path:
    """The folder of the hardened system's journal, which its API and its workers share."""
    folder = tmp_path / "journals"
    folder.mkdir()
    return folder


@pytest.fixture
def celery_broker_cluster(celery_redis_broker: RedisTestBroker) -> CeleryBrokerCluster:
    return CeleryBrokerCluster(celery_redis_broker)


@pytest.fixture
def celery_backend_cluster(celery_redis_backend: RedisTestBackend) -> CeleryBackendCluster:
    return CeleryBackendCluster(celery_redis_backend)


@pytest.fixture
def default_worker_env(default_worker_env: dict[str, str], system: System, mail: MailServer) -> dict[str, str]:
    own = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(mail.port), "PYTHONPATH": "/systems"}
    return {**default_worker_env, **system.environ(), **own}


@pytest.fixture
def default_worker_command(system: System) -> list[str]:
    return ["celery", "-A", system.app, "worker", "--loglevel=INFO", "--concurrency=2", "-n", "worker@%h"]


@pytest.fixture
def folders(journals: Path) -> dict[str, dict[str, str]]:
    """What of this machine a worker sees."""
    return {str(ROOT): {"bind": "/systems", "mode": "ro"}, str(journals): {"bind": "/journal", "mode": "rw"}}


OWN = {"wrapper_class": SystemWorker, "volumes": fxtr("folders")}
default_worker_container = worker(f"venv:{sys.prefix}", **OWN)
second_worker_container = worker(f"venv:{sys.prefix}", **OWN)
worker_536_container = worker("celery:5.3.6", **OWN)
worker_447_container = worker("celery:4.4.7", **OWN)


@pytest.fixture
def second_worker(second_worker_container: SystemWorker, celery_setup: CeleryTestSetup) -> CeleryTestWorker:
    """One more of the same."""
    return CeleryTestWorker(second_worker_container, app=celery_setup.app)


@pytest.fixture
def submit(system: System, celery_setup: CeleryTestSetup, journals: Path) -> Callable[[str], str]:
    """Submits a task that sends one e-mail to a name; returns the task's id."""
    return lambda name: system.submit(celery_setup.app, f"{name}@example.org", journals)


@pytest.fixture
def accepted(mail: MailServer) -> Callable[..., bool]:
    """Whether e-mails to all these names were accepted within the time, each once."""

    def wait(*names: str, within_s: float = 40) -> bool:
        wanted = {f"{name}@example.org": 1 for name in names}
        return eventually(lambda: dict(mail.accepted) == wanted, within_s)

    return wait
