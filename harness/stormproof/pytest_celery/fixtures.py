"""Fixtures for new tests, beside pytest-celery's own (`default_redis_broker`, `default_redis_backend`, `default_rabbitmq_broker`,
`default_worker_container` ...), which the plugin gives processes.
"""

from __future__ import annotations

from typing import Any

from pytest_celery import DEFAULT_WORKER_CONTAINER_TIMEOUT, DEFAULT_WORKER_VOLUME, CeleryWorkerContainer
from pytest_docker_tools import container, fxtr

_VOLUMES = {"{default_worker_volume.name}": DEFAULT_WORKER_VOLUME}


def worker(image: str, *, wrapper_class: type = CeleryWorkerContainer, volumes: Any = _VOLUMES) -> Any:
    """A fixture of one worker's node, to be bound to a name in a test module or conftest.

    `image`: `celery:5.3.6` for a virtual environment with that release, which is built with uv when it is first asked for, or
    `venv:FOLDER` for one that is there. `volumes` as in pytest_docker_tools; by default what pytest-celery makes of its task modules.
    """
    return container(
        image=image,
        environment=fxtr("default_worker_env"),
        network="{default_pytest_celery_network.name}",
        volumes=volumes,
        wrapper_class=wrapper_class,
        timeout=DEFAULT_WORKER_CONTAINER_TIMEOUT,
        command=fxtr("default_worker_command"),
    )
