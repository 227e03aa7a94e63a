"""Literal histories for `results_readable`."""

import pytest
from literals import OTHER, Case, accepted, broken, history, phase, probe, quiet, status, unquiet
from stormproof.checks import ResultsReadable
from stormproof.checks.verdict import Status
from stormproof.history import History

SENT, SPACED, OTHER_VALUE = '{"sent":1,"to":"x"}', '{"to": "x", "sent": 1}', '{"sent":2,"to":"x"}'

CASES = (
    Case(
        "a group that was read under its own id, and cannot be any more",
        history(accepted(1), probe(2, "succeeded", "part"), status(3, 2, "SUCCESS"), phase(4, "read"), broken(5, 3)),
        {"vanished": (4, 6, 7)},
    ),
    Case(
        "a success that no execution agrees with",
        history(accepted(1), probe(2, "failed"), probe(3, "revoked"), status(4, 2, "SUCCESS")),
        {"contradicts": (2, 3, 5)},
    ),
    Case(
        "a success that a probe which was not heard to its last word may explain",
        history(accepted(1), probe(2, "failed"), status(4, 2, "SUCCESS"), unquiet(5)),
        avoids="contradicts",
    ),
    Case(
        "an error of the last look, which was before everything was read again",
        history(accepted(1), probe(2, "succeeded"), status(3, 2, "SUCCESS"), broken(4, 3), phase(5, "read")),
        avoids="vanished",
    ),
    Case(
        "a result that was an error once and is then read is readable",
        history(accepted(1), probe(2, "succeeded"), broken(3, 2), phase(4, "read"), status(5, 3, "SUCCESS")),
        avoids="unreadable",
    ),
    Case(
        "a result that nobody can read",
        history(accepted(1), probe(2, "succeeded"), broken(3, 2), phase(4, "read"), broken(5, 3)),
        {"unreadable": (2, 6, 7)},
    ),
    Case(
        "an answer that cannot be decoded is no result",
        history(accepted(1), probe(2, "failed"), phase(4, "read"), broken(5, 2, 200, error="HTTP 200: 'nonsense'")),
        {"unreadable": (2, 4, 5)},
    ),
    Case(
        "a status that is terminal is not missing",
        history(accepted(1), probe(2, "revoked"), quiet(4), phase(5, "read"), status(6, 2, "REVOKED")),
        avoids="missing",
    ),
    Case(
        "a status that is pending for ever is missing",
        history(accepted(1), probe(2, "rejected"), quiet(4), phase(5, "read"), status(6, 2, "PENDING")),
        {"missing": (2, 5, 6, 3)},
    ),
    Case(
        "a status may be late as long as quiescence is not proved",
        history(accepted(1), probe(2, "succeeded"), unquiet(4), phase(5, "read"), status(6, 2, "PENDING")),
        avoids="missing",
    ),
    Case(
        "values are compared as JSON",
        history(accepted(1), probe(2, "succeeded", value=SENT), status(3, 2, "SUCCESS", SPACED)),
        avoids="differs",
    ),
    Case(
        "not a number equals itself here",
        history(accepted(1), probe(2, "succeeded", value="[NaN]"), status(3, 2, "SUCCESS", "[NaN ]")),
        avoids="differs",
    ),
    Case(
        "a value that the probe could not keep may be any",
        history(accepted(1), probe(2, "succeeded"), status(3, 2, "SUCCESS", SENT)),
        avoids="differs",
    ),
    Case(
        "a value may be that of the one execution whose value the probe could not keep",
        history(
            accepted(1), probe(2, "succeeded", value=OTHER_VALUE), probe(3, "succeeded"), status(4, 2, "SUCCESS", SENT)
        ),
        avoids="differs",
    ),
    Case(
        "the value of any execution will do",
        history(
            accepted(1),
            probe(2, "succeeded", value=OTHER_VALUE),
            probe(3, "succeeded", value=SENT),
            status(4, 2, "SUCCESS", SPACED),
            status(5, 3, "SUCCESS", SPACED),
        ),
        avoids="differs",
    ),
    Case(
        "a value that no execution returned",
        history(accepted(1), probe(2, "succeeded", value=OTHER_VALUE), status(3, 2, "SUCCESS", SENT)),
        {"differs": (2, 4)},
    ),
    Case(
        "a value that is wrong only later",
        history(
            accepted(1),
            probe(2, "succeeded", value=SENT),
            status(3, 2, "SUCCESS", SPACED),
            status(4, 3, "SUCCESS", OTHER_VALUE),
        ),
        {"differs": (2, 6)},
    ),
    Case(
        "the value of an answer that says failure is no execution's",
        history(
            accepted(1),
            probe(2, "failed"),
            status(2.5, 2, "FAILURE", OTHER_VALUE),
            probe(3, "succeeded", value=SENT),
            status(4, 3, "SUCCESS", OTHER_VALUE),
        ),
        {"differs": (5, 7)},
    ),
    Case(
        "success though every execution failed",
        history(accepted(1), probe(2, "failed"), probe(3, "failed"), status(4, 2, "SUCCESS")),
        {"contradicts": (2, 3, 5)},
    ),
    Case(
        "failure though it succeeded",
        history(accepted(1), probe(2, "succeeded"), status(4, 2, "FAILURE")),
        {"contradicts": (2, 4)},
    ),
    Case(
        "either word will do where one execution failed and one succeeded",
        history(
            accepted(1), probe(2, "failed"), status(2.5, 2, "FAILURE"), probe(3, "succeeded"), status(4, 3, "SUCCESS")
        ),
        avoids="contradicts",
    ),
    Case(
        "a result that stays",
        history(accepted(1), probe(2, "failed"), status(3, 2, "FAILURE"), phase(4, "read"), status(5, 3, "FAILURE")),
        avoids="vanished",
    ),
    Case(
        "a result that is gone when it is read once more",
        history(accepted(1), probe(2, "failed"), status(3, 2, "FAILURE"), phase(4, "read"), broken(5, 3, 404)),
        {"vanished": (4, 6, 7)},
    ),
    Case(
        "a result that was left out",
        history(accepted(1), probe(2, "succeeded", value=SENT), status(3, 2, "SUCCESS")),
        {"differs": (2, 4)},
    ),
)


READ = phase(4, "read")


@pytest.mark.parametrize(
    ("large", "kind"),
    [
        (history(accepted(1), probe(2, "succeeded"), READ, broken(5, 2, 200, partial=True)), "unreadable"),
        (
            history(accepted(1), probe(2, "failed"), status(3, 2, "FAILURE"), READ, broken(5, 3, 200, partial=True)),
            "vanished",
        ),
    ],
)
def test_an_answer_that_the_harness_did_not_read_whole_proves_nothing(large: History, kind: str) -> None:
    verdict = CHECK(large)
    assert [(finding.kind, finding.status) for finding in verdict.findings] == [(kind, Status.UNKNOWN)]


def test_where_an_answer_has_no_value_none_is_compared() -> None:
    without = history(accepted(1), probe(2, "succeeded", value=SENT), status(3, 2, "SUCCESS"))
    assert ResultsReadable(has_values=False)(without).findings == ()
    (finding,) = ResultsReadable(has_values=True)(without).findings
    assert finding.kind == "differs"


def test_an_answer_without_a_value_excuses_none_that_comes_later() -> None:
    later = history(
        accepted(1),
        probe(2, "succeeded", value=SENT),
        status(3, 2, "SUCCESS"),
        status(4, 3, "SUCCESS", OTHER_VALUE),
    )
    (finding,) = ResultsReadable(has_values=False)(later).findings
    assert (finding.kind, finding.evidence) == ("differs", (2, 6))


CHECK = ResultsReadable(has_values=True)
NOT_KEPT = 'no status ever said that a task has ended: if no results are kept, say so: promises.results = "ignored"'
NOT_GIVEN = "no answer ever had a result: if your API gives none, say so: status.result = false"
ENDED_FOR_EVER = history(accepted(1), probe(2, "succeeded"), quiet(4), READ, status(6, 2, "PENDING"))
NULL = history(accepted(1), probe(2, "succeeded", value=SENT), status(3, 2, "SUCCESS", "null"))
ANOTHER_IS_READ = (
    accepted(1, 8, "b", OTHER),
    probe(2, "succeeded", "b", OTHER, value=OTHER_VALUE),
    status(5, 9, "SUCCESS", OTHER_VALUE, "b", OTHER),
)


@pytest.mark.parametrize(("alike", "mend"), [(ENDED_FOR_EVER, NOT_KEPT), (NULL, NOT_GIVEN)])
def test_where_all_answers_are_alike_the_mend_of_the_description_is_told(alike: History, mend: str) -> None:
    (finding,) = CHECK(alike).findings
    assert finding.message.endswith(f"; {mend}")
    (finding,) = CHECK(history(*alike, *ANOTHER_IS_READ)).findings
    assert mend not in finding.message


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_an_error_before_everything_was_read_again_proves_nothing() -> None:
    verdict = CHECK(history(accepted(1), probe(2, "succeeded"), broken(3, 2)))
    assert [finding.kind for finding in verdict.findings] == ["nothing_observed"]


def test_a_group_that_is_read_under_its_own_id_is_something_to_judge() -> None:
    verdict = CHECK(history(accepted(1), probe(2, "succeeded", "part"), status(3, 2, "SUCCESS")))
    assert (verdict.status, verdict.observed) == (Status.VALID, 1)


@pytest.mark.parametrize(
    "unseen",
    [
        history(accepted(1), status(3, 2, "SUCCESS")),
        history(accepted(1), probe(2, "started", "part"), status(3, 2, "SUCCESS")),
        history(accepted(1), probe(2, "succeeded", "part"), status(3, 2, "PENDING")),
        history(accepted(1), probe(2, "succeeded", "part", key="storm-0000-0009"), status(3, 2, "SUCCESS")),
    ],
)
def test_a_group_of_which_no_task_was_seen_to_end_or_no_end_was_read_is_nothing_to_judge(unseen: History) -> None:
    assert [finding.kind for finding in CHECK(unseen).findings] == ["nothing_observed"]
