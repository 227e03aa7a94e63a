"""A worker of the reference system is killed, restarted and shut down."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from mail import MailServer
from pytest_celery import CeleryTestSetup, CeleryTestWorker
from systems import Hardened, Tutorial
from watching import eventually

Submit, Accepted = Callable[[str], str], Callable[..., bool]


def in_hand(mail: MailServer, name: str) -> bool:
    """Whether a worker is sending it, and waits for an answer."""
    return eventually(lambda: mail.offered[f"{name}@example.org"] > 0)


def nowhere(setup: CeleryTestSetup) -> bool:
    """Whether no message is queued or unacknowledged, and no live worker has a task."""
    client = setup.broker.container.client
    return client.llen("celery") == client.hlen("unacked") == 0 and not any(
        setup.app.control.inspect().active().values()
    )


def test_a_submitted_task_is_done_once(submit: Submit, accepted: Accepted) -> None:
    submit("calm")
    assert accepted("calm")


def test_what_was_submitted_while_the_worker_was_dead_is_done_when_it_is_back(
    celery_setup: CeleryTestSetup, submit: Submit, accepted: Accepted
) -> None:
    celery_setup.worker.kill()
    assert celery_setup.worker.container.status == "exited"
    submit("waited")
    celery_setup.worker.restart()
    assert accepted("waited")


def test_a_task_in_hand_is_done_before_a_warm_shutdown_ends(
    celery_setup: CeleryTestSetup, submit: Submit, accepted: Accepted, mail: MailServer
) -> None:
    worker = celery_setup.worker
    mail.hold()
    submit("in-hand")
    assert in_hand(mail, "in-hand")
    worker.kill("SIGTERM", reload_container=True)
    worker.assert_log_exists("Warm shutdown")
    assert worker.container.status == "running"
    mail.release()
    assert eventually(lambda: worker.container.status == "exited")
    assert worker.container.attrs["State"]["ExitCode"] == 0
    assert accepted("in-hand", within_s=0)


@pytest.mark.parametrize("system", [pytest.param(Tutorial(), id="tutorial")], indirect=True)
def test_a_task_in_the_hand_of_a_killed_worker_is_lost_by_the_tutorial(
    celery_setup: CeleryTestSetup, submit: Submit, mail: MailServer
) -> None:
    mail.hold()
    task_id = submit("lost")
    assert in_hand(mail, "lost")
    celery_setup.worker.kill()
    mail.release()
    celery_setup.worker.restart()
    assert eventually(lambda: nowhere(celery_setup))
    assert celery_setup.app.AsyncResult(task_id).state == "PENDING"
    assert not mail.accepted


@pytest.mark.parametrize("system", [pytest.param(Hardened(), id="hardened")], indirect=True)
def test_a_task_in_the_hand_of_a_killed_worker_is_done_by_the_hardened_system(
    celery_setup: CeleryTestSetup, submit: Submit, accepted: Accepted, mail: MailServer
) -> None:
    mail.hold()
    submit("taken-over")
    assert in_hand(mail, "taken-over")
    celery_setup.worker.kill()
    mail.release()
    celery_setup.worker.restart()
    assert accepted("taken-over")


def test_of_two_workers_one_does_the_work_of_the_other(
    celery_setup: CeleryTestSetup, second_worker: CeleryTestWorker, submit: Submit, accepted: Accepted
) -> None:
    names = {celery_setup.worker.hostname(), second_worker.hostname()}
    assert {name for reply in celery_setup.app.control.ping() for name in reply} == names
    celery_setup.worker.kill()
    for number in range(4):
        submit(f"task-{number}")
    assert accepted(*(f"task-{number}" for number in range(4)))
