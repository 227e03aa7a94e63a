"""A job's page has all runs and the evidence of the broken ones, and a payload in it stays text."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from stored import DOUBT, LOST, REMARK, run
from stormproof.checks.verdict import Finding
from stormproof.report import summary
from stormproof.report.junit import Skipped
from stormproof.report.words import one_line

HOSTILE = [
    "<script>alert(1)</script>",
    "`` ` <img src=x> ```",
    "`",
    "a | b \\| c",
    "# no\n# heading",
    "[x](javascript:y) ![z](http://w) https://example.com @somebody #12",
    "</td></tr></table>",
    "- \n\n<!--",
    "\u202e\x1b[31m",
    "",
    "   ",
]
HARMLESS = {"text", "code_inline", "strong_open", "strong_close", "em_open", "em_close"}


def inline(page: str) -> Iterator[Token]:
    for block in MarkdownIt("commonmark", {"html": True}).enable("table").parse(page):
        assert block.type != "html_block", block.content
        yield from block.children or ()


def spans(page: str) -> list[str]:
    return [token.content for token in inline(page) if token.type == "code_inline"]


def test_each_run_has_a_row_with_what_people_count_by() -> None:
    page = summary.render([run(), run(LOST, folder="runs/two")])
    assert "## Stormproof: 2 runs: 1 invalid, 1 valid" in page
    assert "| ❌ | `storm` | `mine` | invalid | 1 |  |  |  |  | `stormproof replay runs/two` |" in page
    assert "| ✅ | `storm` | `mine` | valid |  |  |  |  |  | `stormproof replay runs/one` |" in page


def test_a_remark_stands_in_the_row_of_a_valid_run_and_in_its_evidence() -> None:
    page = summary.render([run(REMARK)])
    assert "## Stormproof: 1 run: 1 valid" in page
    assert "| ✅ | `storm` | `mine` | valid, stranded |" in page
    assert "- remark: **stranded**, by `no_task_lost`: `a waited` (events 5)" in page


def test_a_broken_run_has_its_evidence_its_cure_and_its_replay_line() -> None:
    page = summary.render([run(LOST), run(DOUBT)])
    assert "- **lost**, by `no_task_lost`: `a is gone` (events 3, 4)" in page
    assert "- **did_not_bite**, by `no_task_lost`: `kill did not bite`" in page
    assert "What cures it: `a roof`" in page
    assert "Play it again: `stormproof replay runs/one`" in page


def test_why_not_all_has_run_is_told() -> None:
    assert "**Not all has run:** `api: exited with 3`" in summary.render([run()], "api: exited with 3")


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_payload_in_the_page_stays_text(payload: str) -> None:
    page = summary.render([run(Finding(kind="lost", message=payload), folder=f"runs/{payload}")])
    assert {token.type for token in inline(page)} <= HARMLESS
    assert sum(block.type == "tr_open" for block in MarkdownIt("commonmark").enable("table").parse(page)) == 2
    assert one_line(payload).strip() in [span.strip() for span in spans(page)]


@given(st.text(alphabet="`| \\<ab\n", max_size=20))
def test_a_code_span_holds_what_was_put_into_it(payload: str) -> None:
    (span,) = spans(summary.code(payload))
    assert span.strip() == one_line(payload).strip()


@given(st.text(alphabet="`| \\<ab", max_size=20))
def test_a_cell_stays_one_cell_whatever_is_in_it(payload: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {summary.cell(payload)} | end |\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(table)
    cells = [tokens[place + 1].content for place, token in enumerate(tokens) if token.type == "td_open"]
    assert len(cells) == 2
    assert cells[1] == "end"


def test_a_backslash_before_a_bar_splits_no_cell_in_any_reading() -> None:
    assert summary.cell("a \\| b") == "`a \ufffd\\| b`"


def test_no_page_is_larger_than_is_shown_and_what_is_left_out_is_told() -> None:
    findings = [Finding(kind=f"kind{n}", message="ä" * 3000) for n in range(10)]
    many = [run(*findings, folder=f"runs/{n}") for n in range(60)]
    page = summary.render(many)
    assert 1_000_000 < len(page.encode()) <= summary.LIMIT_BYTES
    left = 60 - page.count("\n### ")
    assert 0 < left < 60
    assert f"0 runs and the evidence of {left} are left out" in page
    few = summary.render(many, most_bytes=1000)
    assert len(few.encode()) <= 1000
    assert "runs and the evidence of 60 are left out" in few


def test_what_does_not_apply_is_told_before_the_table() -> None:
    page = summary.render([], skipped=[Skipped("results_down", "shop", "it has no <b>")])
    assert "skipped: `results_down does not apply to shop: it has no <b>`" in page.partition("| ---")[0]
