"""Workers of other Celery releases, each in a virtual environment of its own, share one broker."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_celery import CeleryTestSetup, CeleryTestWorker
from systems import SystemWorker, Tutorial

Submit, Accepted = Callable[[str], str], Callable[..., bool]

pytestmark = pytest.mark.parametrize("system", [pytest.param(Tutorial(), id="tutorial")], indirect=True)


@pytest.fixture(params=["5.3.6", "4.4.7"])
def old_worker(request: pytest.FixtureRequest, celery_setup: CeleryTestSetup) -> CeleryTestWorker:
    """A worker of an older release. Celery 4 needs Python 3.10 or older, and is not supported where uv finds none."""
    node: SystemWorker = request.getfixturevalue(f"worker_{request.param.replace('.', '')}_container")
    assert f"v{request.param}" in node.logs()
    return CeleryTestWorker(node, app=celery_setup.app)


def test_an_older_worker_does_what_a_newer_client_submits(
    celery_setup: CeleryTestSetup, old_worker: CeleryTestWorker, submit: Submit, accepted: Accepted
) -> None:
    celery_setup.worker.kill()
    task_id = submit("old")
    assert accepted("old")
    assert celery_setup.app.AsyncResult(task_id).get(timeout=20)["status"] == "sent"


def test_a_newer_worker_goes_on_where_an_older_one_was_killed(
    celery_setup: CeleryTestSetup, old_worker: CeleryTestWorker, submit: Submit, accepted: Accepted
) -> None:
    assert {name for reply in celery_setup.app.control.ping() for name in reply} >= {old_worker.hostname()}
    old_worker.kill()
    submit("new")
    assert accepted("new")
