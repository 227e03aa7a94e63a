"""Literal histories for `api_answers`."""

import pytest
from literals import (
    KEY,
    Case,
    accepted,
    asked,
    broken,
    fault,
    history,
    look,
    phase,
    pressure,
    probe,
    process,
    said,
    status,
)
from stormproof.checks import ApiAnswers
from stormproof.history import Invoked, Returned


def stranger(t: float, op: int) -> Invoked:
    return Invoked(t=t, op=op, kind="status", key="", task_id="nobody", purpose="stranger")


CASES = (
    Case(
        "an answer in time, 4xx among them, is well",
        history(accepted(1), status(2, 2, "PENDING"), broken(3, 3, 404), look(4, 4), said(6, 4, "SUCCESS")),
        avoids="slow",
    ),
    Case("an answer that is late", history(look(1, 1), said(3.5, 1, "SUCCESS")), {"slow": (0, 1)}),
    Case(
        "an answer that is late on a machine that had no time for it",
        history(pressure(0.9, 5.0), look(1, 1), said(3.5, 1, "SUCCESS"), pressure(3.6, 6.2)),
        {"starved": (1, 2)},
        unknown=True,
    ),
    Case(
        "an answer that is later than the machine was busy",
        history(pressure(0.9, 5.0), look(1, 1), said(3.5, 1, "SUCCESS"), pressure(3.6, 5.3)),
        {"slow": (1, 2)},
    ),
    Case(
        "an answer that came after the machine was looked at last",
        history(pressure(0.9, 5.0), look(1, 1), pressure(3.4, 5.3), said(3.5, 1, "SUCCESS")),
        {"slow": (1, 3)},
    ),
    Case(
        "an answer that is late though the API has been left alone",
        history(
            fault(0.5, "injected", target="api"), fault(1, "healed", target="api"), look(2, 1), said(5, 1, "SUCCESS")
        ),
        {"slow": (2, 3)},
    ),
    Case(
        "an answer in time on a busy machine",
        history(pressure(0.9, 5.0), look(1, 1), said(1.5, 1, "SUCCESS"), pressure(1.6, 5.6)),
        avoids="starved",
    ),
    Case("no answer that is late", history(broken(1, 1, 0, took_s=20, error="ReadTimeout")), {"slow": (0, 1)}),
    Case("an error that is late", history(broken(1, 1, 502, took_s=19)), {"slow": (0, 1), "server_error": (0, 1)}),
    Case("an error at the last moment", history(broken(1, 1, 502, took_s=2.0)), {"server_error": (0, 1)}),
    Case(
        "an error for a task that nobody has submitted is no answer for it",
        history(stranger(1, 1), Returned(t=1.1, op=1, outcome="info", http_status=500)),
        {"server_error": (0, 1)},
    ),
    Case("no answer", history(broken(1, 1, 0, error="ConnectError")), {"no_answer": (0, 1)}),
    Case(
        "no answer from an API that is not ready again, or never will be",
        history(
            process(0.5, "api", "ready"),
            process(1, "api", "exited", expected=True),
            process(1.2, "api", "started"),
            broken(1.3, 1, 0),
            process(1.5, "api", "ready"),
            process(2, "api", "exited", expected=True),
            broken(5, 2, 0),
        ),
        avoids="no_answer",
    ),
    Case(
        "no answer from an API that the harness has killed",
        history(
            fault(0.9, "injected", target="api"),
            broken(0.95, 1, 0),
            process(1, "api", "exited", expected=True),
            broken(1.5, 2, 0),
            fault(1.6, "healed", target="api"),
            broken(1.7, 3, 0),
            process(2, "api", "ready"),
            status(3, 4, "PENDING"),
        ),
        avoids="no_answer",
    ),
    Case(
        "no answer from an API that died by itself",
        history(process(1, "api", "exited", code=1), broken(1.5, 1, 0)),
        {"no_answer": (1, 2)},
    ),
    Case(
        "no answer from an API that is ready again",
        history(process(1, "api", "exited", expected=True), process(2, "api", "ready"), broken(2.5, 1, 0)),
        {"no_answer": (2, 3)},
    ),
    Case(
        "a fault elsewhere is no excuse",
        history(fault(0.9, "injected", target="redis"), broken(1, 1, 0), fault(3, "healed", target="redis")),
        {"no_answer": (1, 2)},
    ),
    Case("a server error", history(broken(1, 1, 502)), {"server_error": (0, 1)}),
    Case(
        "an answer that the description declares for unfinished tasks",
        history(accepted(1), broken(2, 2, 500), probe(2.05, "succeeded")),
        avoids="server_error",
    ),
    Case("the same answer for a task that never ends", history(accepted(1), broken(2, 2, 500)), avoids="server_error"),
    Case(
        "the same answer for a task that has ended",
        history(accepted(1), probe(2, "failed"), broken(3, 2, 500)),
        {"server_error": (3, 4)},
    ),
    Case(
        "the same answer to a submission",
        history(asked(1, 1), Returned(t=1.1, op=1, outcome="info", http_status=500)),
        {"server_error": (0, 1)},
    ),
    Case("503 that says when to come again", history(broken(1, 1, 503, retry_after=True)), avoids="no_retry_after"),
    Case("503 that does not", history(broken(1, 1, 503)), {"no_retry_after": (0, 1)}),
    Case("a request without an end", history(look(1, 1), phase(9, "stop")), {"never_answered": (0,)}),
    Case(
        "a request whose deadline was over before the API was struck",
        history(look(1, 1), fault(3.5, "injected", target="api"), fault(4, "healed", target="api"), phase(9, "stop")),
        {"never_answered": (0,)},
    ),
    Case("a request that was cut short with the run", history(look(1, 1), phase(2, "stop")), avoids="never_answered"),
    Case(
        "a task that nobody has submitted is not there",
        history(stranger(1, 1), Returned(t=1.1, op=1, outcome="info", http_status=404)),
        avoids="invented",
    ),
    Case(
        "a task that nobody has submitted is pending",
        history(stranger(1, 1), said(1.1, 1, "PENDING")),
        {"invented": (0, 1)},
    ),
    Case("an answer at the deadline", history(look(1, 1), said(3, 1, "SUCCESS")), avoids="slow"),
    Case("a run that ends at the deadline", history(look(1, 1), phase(3, "stop")), avoids="never_answered"),
    Case(
        "an answer that was in time but for what processors were waited for",
        history(pressure(0.9, 5.0), look(1, 1), said(3.5, 1, "SUCCESS"), pressure(3.6, 5.5)),
        {"starved": (1, 2)},
        unknown=True,
    ),
    Case(
        "a fault that began with the error",
        history(broken(1, 1, 0), fault(1.1, "injected", target="api")),
        avoids="no_answer",
    ),
    Case(
        "a fault that was healed as the request began",
        history(fault(0.5, "injected", target="api"), fault(1, "healed", target="api"), broken(1, 1, 0)),
        avoids="no_answer",
    ),
    Case(
        "a fault that could not be done is over",
        history(fault(0.5, "injected", target="api"), fault(0.7, "failed", target="api"), broken(1, 1, 0)),
        {"no_answer": (2, 3)},
    ),
    Case(
        "a fault after the error, before its deadline",
        history(broken(1, 1, 502), fault(1.5, "injected", target="api")),
        {"server_error": (0, 1)},
    ),
    Case(
        "the same answer for a task that ended as it was asked for",
        history(accepted(1), probe(3, "failed"), broken(3, 2, 500)),
        {"server_error": (3, 4)},
    ),
    Case(
        "no answer for a task that nobody has submitted",
        history(stranger(1, 1), Returned(t=1.1, op=1, outcome="info", http_status=0)),
        {"no_answer": (0, 1)},
    ),
    Case(
        "an error for a task that nobody has submitted",
        history(stranger(1, 1), Returned(t=1.1, op=1, outcome="info", http_status=502)),
        {"server_error": (0, 1)},
    ),
)

CHECK = ApiAnswers(deadline_s=2.0, unfinished_codes=(500,), unknown_codes=(404,))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_literal_history_is_judged_as_it_should(case: Case) -> None:
    case.must_hold(CHECK)


def test_503_that_is_declared_for_unfinished_tasks_needs_no_hint() -> None:
    check = ApiAnswers(deadline_s=2.0, unfinished_codes=(503,))
    assert check(history(accepted(1), broken(2, 2, 503))).findings == ()
    ended = check(history(accepted(1), probe(1.5, "failed"), broken(2, 2, 503)))
    assert [(finding.kind, finding.key) for finding in ended.findings] == [("no_retry_after", KEY)]
