"""Reports say what a run showed, count each submission once, and let no payload become markup."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import msgspec
import pytest
import stored
from stored import LOST, REMARK
from stormproof import Scenario, State
from stormproof.checks.verdict import Finding, Status
from stormproof.errors import MissingPackageError
from stormproof.history import Fault, History, Quiescence
from stormproof.report import board, html, junit, terminal, words
from stormproof.report.junit import Skipped
from stormproof.runs.store import Run

HOSTILE = "<script>alert(1)</script>\x00\ud800"
SCENARIO = Scenario(name="storm", title="a storm", states=(State.IDLE, State.PREFETCHED), cure="a roof")


def run(*findings: Finding, scenario: Scenario = SCENARIO) -> Run:
    events = [
        Fault(t=1.0, fault="0", name="kill", stage="bit", target="worker", detail=HOSTILE),
        Quiescence(t=2.0, proved=True, detail="nothing left"),
    ]
    return msgspec.structs.replace(stored.run(*findings, scenario=scenario), history=History(events))


def test_a_submission_is_counted_once_a_column() -> None:
    found = words.counts(run(LOST, LOST, Finding(kind="never_executed", message="a", key="a")))
    assert (found.lost, found.stuck, found.wrong) == (1, 0, 0)


def test_a_kind_of_no_column_is_wrong() -> None:
    assert words.counts(run(Finding(kind="something_new", message="m"))).wrong == 1


def test_the_summary_is_a_sentence_for_people() -> None:
    assert words.summary(run(LOST)) == "invalid: 1 lost; 2 events in 1.5 s."
    assert words.summary(run()) == "valid: nothing lost, doubled, stuck, slow or wrong; 2 events in 1.5 s."


def test_the_summary_of_what_is_undecided_claims_no_more_than_was_proved() -> None:
    doubt = Finding(kind="did_not_bite", message="kill did not bite", status=Status.UNKNOWN)
    assert words.summary(run(doubt)) == (
        "unknown: nothing proved lost, doubled, stuck, slow or wrong; 2 events in 1.5 s."
    )


def test_doubts_are_told_where_nothing_is_proved() -> None:
    doubt = Finding(kind="did_not_bite", message="kill did not bite", status=Status.UNKNOWN)
    assert words.telling(run(doubt)) == ["did_not_bite: kill did not bite"]
    assert words.telling(run(LOST, doubt)) == ["lost: a is gone"]


def test_the_terminal_says_how_to_replay_what_it_found() -> None:
    assert "    replay: stormproof replay runs/one" in terminal.lines(run(LOST))
    assert not any("replay" in line for line in terminal.lines(run()))


def test_a_shell_takes_the_replay_line_as_it_stands() -> None:
    spaced = msgspec.structs.replace(run(LOST), folder=Path("my runs/one"))
    assert "    replay: stormproof replay 'my runs/one'" in terminal.lines(spaced)


def test_a_replay_reproduces_where_it_finds_all_that_was_found() -> None:
    other = Finding(kind="wedged", message="w")
    assert terminal.same_findings(run(LOST, other), run(LOST))
    assert not terminal.same_findings(run(other), run(LOST))
    assert not terminal.same_findings(run(), run(LOST))


def test_junit_has_a_case_for_each_check_with_its_evidence() -> None:
    text = junit.render([run(LOST)])
    (suite,) = ET.fromstring(text)
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "0")
    failure = suite.find("testcase/failure")
    assert failure is not None
    assert failure.get("message") == "lost: a is gone (events 3, 4); replay: stormproof replay runs/one"
    assert (failure.text or "").splitlines() == ["lost: a is gone (events 3, 4)", "replay: stormproof replay runs/one"]


def test_junit_names_no_case_twice_however_often_a_scenario_ran() -> None:
    cases = ET.fromstring(junit.render([run(LOST), run(LOST), run()])).findall("testsuite/testcase")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert len(set(names)) == len(names) == 6
    assert names[0] == ("mine.storm[idle]", "no_task_lost")
    assert names[2] == ("mine.storm[idle] (run 2)", "no_task_lost")


def test_junit_names_the_scenarios_file_where_it_is_known() -> None:
    case = ET.fromstring(junit.render([run()], {"storm": Path("chaos/storm.py")})).find("testsuite/testcase")
    assert case is not None and case.get("file") == "chaos/storm.py"


def test_junit_calls_a_run_that_was_not_judged_an_error() -> None:
    (suite,) = ET.fromstring(junit.render([msgspec.structs.replace(run(), judged=None)]))
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert suite.find("testcase/error") is not None


def test_junit_tells_of_a_thousand_findings_within_bounds() -> None:
    many = [Finding(kind="lost", message=f"{number}") for number in range(1000)]
    failure = ET.fromstring(junit.render([run(*many)])).find("testsuite/testcase/failure")
    assert failure is not None and (failure.text or "").splitlines()[50] == "... and 950 more"


def test_junit_stays_xml_whatever_a_message_holds() -> None:
    text = junit.render([run(Finding(kind="lost", message=HOSTILE))])
    assert ET.fromstring(text.encode())


def test_no_payload_becomes_markup_in_the_page() -> None:
    page = html.render(run(Finding(kind="lost", message=HOSTILE, key=HOSTILE)))
    assert "<script>alert" not in page
    assert "&lt;script&gt;" in page
    assert page.encode("utf-8", "strict")


def test_without_bokeh_the_page_says_in_one_line_how_to_have_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    with_plots = html.render(run(LOST))
    monkeypatch.setitem(sys.modules, "bokeh", None)
    page = html.render(run(LOST))
    (line,) = [line for line in page.splitlines() if "Bokeh" in line]
    assert "<code>pip install 'stormproof[report]'</code>, and <code>stormproof report runs/one</code>" in line
    assert "Bokeh, which is not installed" not in with_plots
    parts = re.compile(r"<h2>(.*?)</h2>")
    assert parts.findall(page) == parts.findall(with_plots)
    assert "<script" in with_plots and "<script" not in page


def test_without_bokeh_what_needs_plots_says_so_and_nothing_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bokeh", None)
    for kept in (board._empty, board.script):
        kept.cache_clear()
    board.prepare()
    for needs in (board.live, board.script):
        with pytest.raises(MissingPackageError, match=r"stormproof\[report\]"):
            needs()


def test_a_remark_is_said_wherever_a_run_is_told_and_changes_no_verdict() -> None:
    other = msgspec.structs.replace(REMARK, key="b", message="b waited")
    remarked = run(REMARK, other, other)
    assert words.summary(remarked) == (
        "valid: nothing lost, doubled, stuck, slow or wrong; 2 stranded; 2 events in 1.5 s."
    )
    assert words.telling(remarked) == ["remark: stranded: a waited (and 2 more)"]
    assert "    remark: stranded: a waited (and 2 more)" in terminal.lines(remarked)
    assert not any("replay" in line for line in terminal.lines(remarked))
    assert words.summary(run(LOST, REMARK)) == "invalid: 1 lost; 1 stranded; 2 events in 1.5 s."
    assert words.telling(run(REMARK, LOST)) == ["lost: a is gone", "remark: stranded: a waited"]
    assert "remark: <b>stranded</b> a waited" in html.render(remarked)
    assert "Remark: a waited (and 2 more)" in html.render(remarked)


def test_a_remark_is_output_in_junit_and_never_the_reason_of_a_failure() -> None:
    (suite,) = ET.fromstring(junit.render([run(REMARK)]))
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    assert suite.findtext("testcase/system-out") == "remark: stranded: a waited (events 5)"
    failure = ET.fromstring(junit.render([run(REMARK, LOST)])).find("testsuite/testcase/failure")
    assert failure is not None
    assert failure.get("type") == "lost"
    assert "stranded" not in (failure.text or "")


SKIPPED = Skipped("results_down", "shop", "it has no server 'redis.results'")


def test_what_does_not_apply_is_skipped_in_junit_with_its_reason() -> None:
    suites = ET.fromstring(junit.render([run()], skipped=[SKIPPED]))
    suite = suites[-1]
    assert (suite.get("name"), suite.get("tests"), suite.get("skipped")) == ("results_down shop", "1", "1")
    (case,) = suite
    assert (case.get("classname"), case.get("name")) == ("shop.results_down", "applies")
    assert case[0].tag == "skipped"
    assert case[0].get("message") == "results_down does not apply to shop: it has no server 'redis.results'"
