"""What becomes of each test of Celery's suite is counted once, and for what it is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "celery_smoke"))

import counting

pytest_plugins = ["pytester"]

SUITE = """
import pytest
from stormproof.errors import NotSupportedError

@pytest.fixture
def broken():
    yield
    raise OSError("torn down")

def test_passes(): pass
def test_fails(): assert False
def test_is_skipped(): pytest.skip("because")
def test_fails_as_expected(): pytest.xfail("known")
@pytest.mark.xfail
def test_passes_unexpectedly(): pass
def test_is_not_supported(): raise NotSupportedError("a moon")
def test_is_torn_down_badly(broken): pass
"""
RABBIT = """
import pytest

@pytest.fixture
def celery_rabbitmq_broker():
    pass

@pytest.fixture
def celery_broker_cluster(celery_rabbitmq_broker):
    pass

@pytest.fixture
def celery_broker_cluster_config(request):
    return request.getfixturevalue("celery_broker_cluster")

def test_by_name(celery_rabbitmq_broker): pass
def test_by_configuration(celery_broker_cluster_config): pass
@pytest.mark.parametrize("broker", ["celery_rabbitmq_broker", "celery_redis_broker"])
def test_by_parameter(broker): pass
"""


@pytest.fixture(autouse=True)
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_PLUGINS", "stormproof.pytest_celery.plugin,counting")
    monkeypatch.setenv("PYTHONPATH", str(Path(counting.__file__).parent))


def test_each_outcome_is_counted_for_what_it_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SUITE)
    pytester.runpytest_subprocess("--counts", "counts.json", "-p", "no:schemathesis")
    found = json.loads((pytester.path / "counts.json").read_text())["found"]
    assert {node.partition("::test_")[2]: said for node, said in found.items()} == {
        "passes": "passed",
        "fails": "failed",
        "is_skipped": "skipped",
        "fails_as_expected": "expected failure",
        "passes_unexpectedly": "passed",
        "is_not_supported": "not supported",
        "is_torn_down_badly": "failed",
    }


def test_what_needs_another_broker_is_left_out_however_it_is_asked_for(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(RABBIT)
    result = pytester.runpytest_subprocess("--without-rabbitmq", "-v", "-p", "no:schemathesis")
    result.assert_outcomes(passed=1, deselected=3)
    result.stdout.fnmatch_lines(["*test_by_parameter[[]celery_redis_broker[]] PASSED*"])


def test_the_table_has_a_row_for_each_file_and_their_sum() -> None:
    found = {
        "t/smoke/tests/a.py::x": "passed",
        "t/smoke/tests/a.py::y": "not supported",
        "t/smoke/tests/b/c.py::z": "failed",
    }
    assert counting.table(found)[2:] == [
        "| a.py | 1 | 0 | 0 | 0 | 1 | 2 |",
        "| b/c.py | 0 | 0 | 0 | 1 | 0 | 1 |",
        "| all | 1 | 0 | 0 | 1 | 1 | 3 |",
    ]
