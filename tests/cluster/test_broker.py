"""The broker of the reference system is lost, and comes back."""

from __future__ import annotations

from collections.abc import Callable

from pytest_celery import CeleryTestSetup
from watching import eventually

Submit, Accepted = Callable[[str], str], Callable[..., bool]


def test_tasks_are_done_when_the_broker_is_back(
    celery_setup: CeleryTestSetup, submit: Submit, accepted: Accepted
) -> None:
    worker = celery_setup.worker
    celery_setup.broker.kill()
    worker.assert_log_exists("Connection to broker lost")
    celery_setup.broker.restart()
    # The hardened worker may have given up by then, and relies on its supervisor.
    assert eventually(lambda: worker.container.status == "exited" or worker.logs().count("Connected to") > 1, 60)
    if worker.container.status == "exited":
        worker.restart()
    submit("after")
    assert accepted("after")


def test_a_lost_result_backend_does_not_keep_tasks_from_being_done(
    celery_setup: CeleryTestSetup, submit: Submit, accepted: Accepted
) -> None:
    submit("before")
    assert accepted("before")
    celery_setup.backend_cluster[0].restart()
    submit("after")
    assert accepted("before", "after")
