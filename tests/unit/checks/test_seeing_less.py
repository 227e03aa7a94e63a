"""Who sees less than happened, or sees it in another order, never sees more: no damage makes a bad run a good one, and none crashes a check."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from damage import damaged
from hypothesis import given, settings
from hypothesis import strategies as st
from literals import Case, closed, phase
from stormproof import checks
from stormproof.checks.verdict import Status, merge
from stormproof.errors import RunFolderError
from stormproof.history import AnyEvent, History, encode
from test_registry import EVERY_CHECK, cases

CASES: tuple[Case, ...] = tuple(case for check in checks.ALL for case in cases(check))
UNDECIDED = {"fault_happened", "run_complete"}
"""These say nothing against a system."""


def whole(case: Case) -> History:
    """A run in which just this happened."""
    return closed(phase(0, "start"), tuple(case.history), phase(case.history[-1].t, "stop"))


def status(history: History, check: checks.Check) -> Status:
    """Who asks no other check hears the least against it."""
    return merge(checks.judge(history, (check, checks.RunComplete())))


@functools.cache
def proved() -> list[tuple[checks.Check, History]]:
    """Each check with each whole run that it calls invalid."""
    runs = [whole(case) for case in CASES if len(case.history)]
    return [(check, run) for check in EVERY_CHECK for run in runs if status(run, check) is Status.INVALID]


def test_every_check_that_can_prove_anything_proves_it_of_some_whole_run() -> None:
    assert {check.name for check, _ in proved()} == {check.name for check in EVERY_CHECK} - UNDECIDED


def test_a_whole_run_can_be_valid() -> None:
    """Else nothing below could fail."""
    valid = {check.name for check in EVERY_CHECK for case in CASES if status(whole(case), check) is Status.VALID}
    assert valid == {check.name for check in EVERY_CHECK}


@settings(max_examples=1000, deadline=None)
@given(st.data())
def test_what_a_whole_run_proves_is_never_valid_for_who_sees_it_damaged(data: st.DataObject) -> None:
    check, history = data.draw(st.sampled_from(proved()))
    assert status(data.draw(damaged(history)), check) is not Status.VALID


def test_what_a_whole_run_proves_is_never_valid_for_who_misses_one_line_or_sees_it_twice() -> None:
    for check, history in proved():
        for index, event in enumerate(history):
            before, after = history[:index], history[index + 1 :]
            for events in ([*before, *after], [*before, event, event, *after], before, after):
                assert status(History(events), check) is not Status.VALID, (history[:], index)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_file_of_which_any_part_is_left_is_refused_or_not_valid(data: st.DataObject) -> None:
    check, history = data.draw(st.sampled_from(proved()))
    written = b"".join(map(encode, history))
    first, last = sorted(data.draw(st.tuples(st.integers(0, len(written)), st.integers(0, len(written)))))
    with tempfile.NamedTemporaryFile() as file:
        file.write(written[:first] if data.draw(st.booleans()) else written[first:last])
        file.flush()
        try:
            left = History.load(Path(file.name))
        except RunFolderError:
            return
    assert status(left, check) is not Status.VALID


def _events_of(several: list[Case]) -> list[AnyEvent]:
    return [event for case in several for event in case.history]


@settings(max_examples=500, deadline=None)
@given(
    st.lists(st.sampled_from([case for case in CASES if len(case.history)]), min_size=1, max_size=3).flatmap(
        lambda several: damaged(_events_of(several))
    )
)
def test_no_check_crashes_on_damage_or_gives_evidence_that_is_not_there(history: History) -> None:
    for check in EVERY_CHECK:
        verdict = check(history)
        assert all(0 <= index < len(history) for finding in verdict.findings for index in finding.evidence)
        assert {finding.kind for finding in verdict.findings} <= {*check.kinds, "nothing_observed"}
