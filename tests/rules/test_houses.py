"""What is known of Redis stands in `brokers/redis`, and what is known of Celery in `frameworks/celery`. Whoever else names them has a reason."""

from __future__ import annotations

import re
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "harness" / "stormproof"
REDIS = re.compile(r"redis|kombu|\bRESP\b", re.IGNORECASE)
CELERY = re.compile(r"celery", re.IGNORECASE)

AT_HOME_WITH_REDIS = ("brokers/redis/", "frameworks/celery/", "frameworks/rq/")
"""Frameworks keep their messages in a Redis, and say how."""
AT_HOME_WITH_CELERY = ("frameworks/celery/",)
OF_ITS_USERS = ("serializers/", "pytest_celery/")
"""These are about Celery applications: the serializers of kombu, and the nodes of pytest-celery."""

NAMES_REDIS = {
    "__init__.py": "exports the faults of Redis, as of everything else",
    "brokers/broker.py": "names the folder to imitate",
    "brokers/programs.py": "the kind that commands look for where a description does not say another",
    "cli/bisect.py": "versions of packages that are pinned",
    "cli/demo.py": "says which server the demo runs on",
    "cli/main.py": "the first line of the help",
    "frameworks/faults/message.py": "the default target in stored scenarios",
    "history/events.py": "what workers say of their transport, and the role that earlier versions wrote",
    "history/record.py": "the name that servers of earlier histories have",
    "processes/packages.py": "versions of packages that are recorded",
    "pytest_plugin/storm.py": "a fixture's argument, which tests use",
    "pytest_plugin/tested.py": "a fixture's method, which tests use",
    "report/record.py": "the version of the server, as it stands in stored runs",
    "runs/store.py": "a key of stored runs",
    "search/random_storm.py": "random storms draw one of its faults",
    "spec/description.py": "the table `[redis.NAME]`",
    "spec/fault.py": "an example of a name",
    "spec/faults.py": "where its faults are",
    "spec/loopback.py": "addresses of a Redis that is somebody's",
    "spec/seams.py": "where its implementation is",
    "spec/system.py": "the table `[redis.NAME]`",
    "spec/tables.py": "the table `[redis.NAME]`",
    "spec/templates.py": "the values of that table",
    "sweep/sheet.py": "a key of stored sweeps",
    "testing/codec.py": "has mypy see that its codec fits",
    "testing/framework.py": "has mypy see that what keeps messages in it fits",
    "testing/server.py": "has mypy see that its server fits",
    "web/entry.py": "versions of packages that a list shows",
    "wire/codec.py": "names the folder to imitate",
}
NAMES_CELERY = {
    "brokers/redis/shape.py": "names of its channels have a host in them",
    "checks/events_agree.py": "judges its events",
    "cli/bisect.py": "bisects its releases",
    "cli/main.py": "the help of `matrix`",
    "cli/matrix.py": "runs storms on its releases",
    "cli/prove.py": "environments of its releases",
    "cli/serial.py": "takes an app as its own command does",
    "drivers/http/diagnosis.py": "the states that it uses itself",
    "errors.py": "the extra for pytest-celery",
    "frameworks/faults/message.py": "says which bad messages it has",
    "frameworks/faults/revoke.py": "says how it cancels",
    "frameworks/framework.py": "names the folder to imitate",
    "history/__init__.py": "exports its event",
    "history/events.py": "its event, as histories have it",
    "processes/packages.py": "versions of packages that are recorded",
    "spec/seams.py": "where its implementation is",
    "spec/system.py": "the framework where a description says none, and its queue",
    "sweep/cells.py": "an example of an id",
    "testing/framework.py": "its event, as histories have it; has mypy see that it fits",
    "web/entry.py": "versions of packages that a list shows",
}


def naming(what: re.Pattern[str], *homes: str) -> set[str]:
    """The files outside these folders in which something stands that only they should know."""
    files = {str(path.relative_to(PACKAGE)): path.read_text() for path in PACKAGE.rglob("*.py")}
    return {name for name, text in files.items() if not name.startswith((*homes, *OF_ITS_USERS)) and what.search(text)}


def test_who_names_redis_has_a_reason() -> None:
    assert naming(REDIS, *AT_HOME_WITH_REDIS) == NAMES_REDIS.keys()


def test_who_names_celery_has_a_reason() -> None:
    assert naming(CELERY, *AT_HOME_WITH_CELERY) == NAMES_CELERY.keys()


def test_a_file_that_names_them_would_be_seen() -> None:
    assert "brokers/redis/resp.py" in naming(REDIS)
    assert "frameworks/celery/probe.py" in naming(CELERY)
