"""Literal histories for `results_as_submitted`."""

import pytest
from literals import KEY, OTHER, Case, accepted, history, status
from stormproof.checks import ResultsAsSubmitted

OURS, ANOTHERS = f'{{"to": "{KEY}@example.org"}}', f'{{"to": "{OTHER}@example.org"}}'

CASES = (
    Case("the result names its own", history(accepted(1), status(2, 2, "SUCCESS", OURS)), avoids="result_of_another"),
    Case(
        "the result may be a text, or have it deep inside",
        history(
            accepted(1),
            status(2, 2, "SUCCESS", f'[1, {{"a": [{OURS}]}}]'),
            status(3, 3, "SUCCESS", f'"for {KEY}@example.org"'),
        ),
        avoids="result_of_another",
    ),
    Case(
        "two submissions that are one task may be named by either",
        history(accepted(1), accepted(1.5, 2, key=OTHER), status(2, 3, "SUCCESS", ANOTHERS)),
        avoids="result_of_another",
    ),
    Case(
        "a failure, an unfinished task and no result at all say nothing",
        history(
            accepted(1),
            status(2, 2, "STARTED", ANOTHERS),
            status(3, 3, "FAILURE", '"no such mailbox"'),
            status(4, 4, "SUCCESS"),
        ),
        avoids="result_of_another",
    ),
    Case(
        "the result of another is not this one's",
        history(
            accepted(1), status(2, 2, "STARTED"), status(3, 3, "SUCCESS", ANOTHERS), status(4, 4, "SUCCESS", ANOTHERS)
        ),
        {"result_of_another": (5,)},
    ),
    Case(
        "what is no JSON is for another check",
        history(accepted(1), status(2, 2, "SUCCESS", "{torn")),
        avoids="result_of_another",
    ),
)

CHECK = ResultsAsSubmitted(contain=("{key}@example.org",))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_each_part_is_wanted_and_the_message_names_the_first_that_is_not_there() -> None:
    check = ResultsAsSubmitted(contain=("{key}", "sent to {key}"))
    [finding] = check(history(accepted(1), status(2, 2, "SUCCESS", OURS))).findings
    assert finding.message == f"{KEY} (task a): its result lacks sent to {KEY}: {OURS}"
