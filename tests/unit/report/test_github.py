"""GitHub's runner is told of what is broken, and of nothing that a payload would like to tell it.

`commands` reads a line as the runner's own parser does: `ActionCommand.TryParseV2` and `TryParse`, with each command registered.
"""

from __future__ import annotations

import io
import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stored import DOUBT, LOST, run
from stormproof.checks.verdict import Finding, Status
from stormproof.report import github
from stormproof.report.github import Tamed, annotation, tamed

FORGERIES = [
    "::error::forged",
    "  ::error::forged",
    "\u00a0\t::add-mask::forged",
    "fine\n::error::forged",
    "fine\r::error::forged",
    "##[error]forged",
    "fine ##[error]forged",
    "\ufeff::error::forged",
    ":::error::forged",
    "::::",
]


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """All commands in a stream: name, properties and data, unescaped as the runner does."""
    found = []
    for whole in re.split(r"\r\n|\r|\n", text):
        line = whole.lstrip(
            "\ufeff \t\u00a0\u00ad\u200b"
        )  # What .NET trims, and what some of its comparisons pass over.
        if line.startswith("::") and (end := line.find("::", 2)) >= 0:
            name, _, rest = line[2:end].partition(" ")
            pairs = (each.partition("=") for each in rest.split(","))
            found.append((name, {key: _plain(value) for key, _, value in pairs if value}, _plain(line[end + 2 :])))
        elif "##[" in line and "]" in line[line.index("##[") :]:
            found.append((line[line.index("##[") + 3 :].partition("]")[0], {}, line))
    return found


def _plain(text: str) -> str:
    for escaped, letter in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(escaped, letter)
    return text


def test_an_invalid_run_is_an_error_and_an_unknown_one_a_warning() -> None:
    assert annotation(run(LOST), Status.INVALID, "chaos/storm.py") == (
        "::error title=storm on mine%3A invalid,file=chaos/storm.py"
        "::lost: a is gone%0Areplay: stormproof replay runs/one"
    )
    assert annotation(run(DOUBT), Status.UNKNOWN).startswith("::warning title=storm on mine%3A unknown::did_not_bite: ")
    assert annotation(run(), Status.VALID) == ""


def test_the_finding_that_tells_most_is_the_one_that_is_told() -> None:
    slow = Finding(kind="slow", message="late", key="b")
    assert "::lost: a is gone%0A" in annotation(run(slow, LOST), Status.INVALID)


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_payload_is_told_as_text_whatever_it_looks_like(forgery: str) -> None:
    line = annotation(run(Finding(kind="lost", message=forgery)), Status.INVALID, f"chaos/{forgery}.py")
    ((name, properties, data),) = commands(line)
    assert name == "error"
    assert "##[" not in line
    assert set(properties) == {"title", "file"}
    assert "forged" in data or forgery == "::::"


def test_a_run_in_which_nothing_was_found_though_something_must_be_says_so() -> None:
    assert "::valid: nothing lost, doubled, stuck, slow or wrong" in annotation(run(), Status.UNKNOWN)
    assert "::This run was not judged.%0A" in annotation(msgspec.structs.replace(run(), judged=None), Status.UNKNOWN)


def test_the_replay_line_is_told_however_long_the_finding_is() -> None:
    line = annotation(run(Finding(kind="lost", message="x" * 100_000)), Status.INVALID)
    assert len(line) < 3000
    assert line.endswith("%0Areplay: stormproof replay runs/one")


def test_percent_comma_and_colon_come_through_as_they_were() -> None:
    line = annotation(run(Finding(kind="lost", message="100%0A, a::b")), Status.INVALID, "chaos/a,b:c%3A.py")
    ((_, properties, data),) = commands(line)
    assert properties["file"] == "chaos/a,b:c%3A.py"
    assert data.startswith("lost: 100%0A, a::b\n")


@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_looks_like_a_command_is_none_when_it_is_printed(forgery: str) -> None:
    assert commands(forgery) or forgery.startswith(":::")
    assert commands(tamed(forgery)) == []


def test_what_is_no_command_is_printed_as_it_is() -> None:
    text = "worker::x ## [y] # #[z]\nreplay: stormproof replay 'worker:HSET(unacked):request:1/kill'\n"
    assert tamed(text) == text


@pytest.mark.parametrize("forgery", FORGERIES)
def test_no_command_comes_through_a_tamed_stream_letter_by_letter(forgery: str) -> None:
    raw = io.StringIO()
    stream = Tamed(raw)
    for letter in f"before\n{forgery}\nafter":
        stream.write(letter)
    stream.finish()
    assert commands(raw.getvalue()) == []
    assert raw.getvalue().startswith("before\n") and raw.getvalue().endswith("\nafter")


@given(st.lists(st.text(alphabet=":#[] \n\rae\u00a0", max_size=12)))
def test_no_command_comes_through_a_tamed_stream_in_whatever_pieces(pieces: list[str]) -> None:
    raw = io.StringIO()
    stream = Tamed(raw)
    for piece in pieces:
        assert stream.write(piece) == len(piece)
    stream.finish()
    assert commands(raw.getvalue()) == []
    assert raw.getvalue().replace(" ", "") == "".join(pieces).replace(" ", "")


def test_a_tamed_stream_is_in_all_else_what_it_stands_for() -> None:
    assert not Tamed(io.StringIO()).isatty()
    assert github.tamed("") == ""
