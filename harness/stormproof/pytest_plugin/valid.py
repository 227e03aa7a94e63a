"""`assert_valid`: a test's last line, which proves that nothing can change any more and judges what happened."""

from __future__ import annotations

import pytest

from stormproof.checks import Check
from stormproof.checks.verdict import Status
from stormproof.pytest_plugin.tested import LiveHistory
from stormproof.pytest_plugin.words import evidence


def assert_valid(history: LiveHistory, *checks: Check) -> None:
    """Heal, settle, and judge the history of this test by `checks` (of `stormproof.checks`), or by everything the description promises.

    Fails the test if the verdict is not `valid`, and shows the evidence, the life of the task that went wrong, and the line
    that replays it. `unknown` fails too: a test that proves nothing has not passed.
    """
    __tracebackhide__ = True
    tested = history.tested
    run = tested.judge(history.take(), checks)
    if run.judged is None or run.judged.status is not Status.VALID:
        pytest.fail(evidence(run, tested.setting.replay), pytrace=False)
