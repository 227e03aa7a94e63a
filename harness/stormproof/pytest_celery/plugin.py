"""The pytest plugin: `docker_client` gives processes, and what pytest_docker_tools and pytest-celery believe of Docker is put right.

Load it with `PYTEST_PLUGINS=stormproof.pytest_celery.plugin` or from a root conftest (`pytest_plugins = ["stormproof.pytest_celery.plugin"]`): after
pytest-celery, whose fixtures a plugin that is named with `-p` would not override.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from stormproof.errors import NotSupportedError, on_purpose

try:
    import docker
    from pytest_celery import CeleryTestContainer, CeleryTestWorker
    from pytest_docker_tools import utils
    from pytest_docker_tools.exceptions import ContainerFailed
    from pytest_docker_tools.wrappers import container as wrapper
except ModuleNotFoundError as error:
    raise pytest.UsageError(f"stormproof: {on_purpose(error) or error}") from error

from stormproof.pytest_celery import private_tmp
from stormproof.pytest_celery.client import Client
from stormproof.pytest_celery.node import CALL_S
from stormproof.pytest_celery.waiting import wait_for_callable

NOT_SUPPORTED = "not supported: "
"""How the reason begins for which a test is skipped that needs more than processes are, or a program that is not installed."""
_COLUMNS = ["pid", "name", "username", "cmdline", "cpu_percent", "memory_percent", "create_time"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--nodes` and `--nodes-cache`."""
    group = parser.getgroup("stormproof", "Stormproof's nodes for pytest-celery")
    group.addoption("--nodes", choices=["processes", "docker"], default="processes", help="What runs the nodes.")
    group.addoption(
        "--nodes-cache", type=Path, default=Path(".stormproof"), help="Where virtual environments of workers are kept."
    )


def pytest_configure(config: pytest.Config) -> None:
    """Put right what was written for containers, before anything waits for one."""
    if config.getoption("--nodes") == "docker":
        return
    # Last, and so also where a suite makes errors of warnings: an instruction without effect was never an error of the suite.
    config.addinivalue_line("filterwarnings", "always::stormproof.pytest_celery.dockerfile.IgnoredInstruction")
    stock = utils.wait_for_callable
    for name, module in list(sys.modules.items()):
        if (
            name.partition(".")[0] in {"pytest_celery", "pytest_docker_tools"}
            and vars(module).get("wait_for_callable") is stock
        ):
            module.wait_for_callable = wait_for_callable  # type: ignore[attr-defined]
    # Where this machine itself is a container, published ports would be thought to be those of the containers.
    wrapper.tests_inside_container = lambda: False
    CeleryTestContainer._wait_ready = _wait_ready
    CeleryTestWorker.get_running_processes_info = _processes_of


def pytest_report_header(config: pytest.Config) -> str:
    """What the nodes are."""
    if config.getoption("--nodes") == "docker":
        return "nodes: Docker's containers"
    return "nodes: processes" + (
        "" if private_tmp.available() else ", which share /tmp: this machine allows no mount namespaces"
    )


@pytest.fixture(scope="session")
def docker_client(pytestconfig: pytest.Config) -> Iterator[Any]:
    """What all fixtures of pytest_docker_tools take."""
    if pytestconfig.getoption("--nodes") == "docker":
        yield docker.from_env()
        return
    client = Client(pytestconfig.getoption("--nodes-cache"))
    yield client
    client.close()


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_fixture_setup() -> Iterator[None]:
    """The nearest to the fixture: before anybody makes an error of ours a failure."""
    with _skipped_where_not_supported():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Iterator[None]:
    """What nodes cannot do is no failure of the suite, and no success. Here come fixtures of a session that were refused before."""
    with _skipped_where_not_supported():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    """The same, for nodes that a test itself makes."""
    with _skipped_where_not_supported():
        return (yield)


@contextmanager
def _skipped_where_not_supported() -> Iterator[None]:
    try:
        yield
    except NotSupportedError as error:
        pytest.skip(f"{NOT_SUPPORTED}{error}")


def _wait_ready(container: CeleryTestContainer, timeout: int = 30) -> bool:
    """The stock method goes on waiting for the words of a container that has ended."""

    def ready() -> bool:
        if container.status == "exited":
            code, said = container.attrs["State"]["ExitCode"], container.logs().split("\n")
            raise ContainerFailed(
                container, f"{container.name} exited with {code} before it was ready: {' '.join(said[-4:])}"
            )
        return container.ready_prompt is None or container.ready_prompt in container.logs()

    wait_for_callable(f"Waiting for {container.name} to be ready", ready, timeout)
    return True


def _processes_of(
    worker: CeleryTestWorker, columns: list[str] | None = None, filters: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """What runs in the node. The stock method asks for all processes, which in a container are those of the container."""
    time.sleep(CALL_S)
    found = []
    for pid in worker.container._container.pids:
        try:
            found.append(psutil.Process(pid).as_dict(columns or _COLUMNS))
        except psutil.NoSuchProcess:
            continue
    return [one for one in found if all(one.get(name) == value for name, value in (filters or {}).items())]
