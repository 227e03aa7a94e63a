"""The lines of README.md, CONTRIBUTING.md and the docs wrap, so that an editor and a diff show whole sentences."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GENERATED = {"catalogue.md", "serialization.md"}
"""Pages that hold docstrings and constants as they stand in code, which wraps at its own width."""
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted(path for path in (ROOT / "docs").glob("*.md") if path.name not in GENERATED),
]
WIDEST = 120
FENCE = re.compile(r"^\s*```")
WHOLE = re.compile(r"^(?:#|\||\s*(?:[-*] |\d+\. )?!?\[[^\]]*\]\([^)\s]*\)[.,;:]?$)")
"""Headings, rows of tables, and lines that are one link or picture: they cannot be broken."""
UNWRAPPED = {"architecture.md": "## Rooms"}
"""A section that is a list of modules, one item a room: it is edited as a table is."""


def too_wide(text: str, but: str = "") -> list[int]:
    """The numbers, from 1, of lines of prose that are wider than they may be; `but` is the heading of a section to skip."""
    found, in_code, section = [], False, ""
    for number, line in enumerate(text.splitlines(), 1):
        if FENCE.match(line):
            in_code = not in_code
        elif not in_code:
            section = line if line.startswith("## ") else section
            if len(line) > WIDEST and not WHOLE.match(line) and (not but or section != but):
                found.append(number)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_prose_of_a_document_wraps(document: Path) -> None:
    wide = too_wide(document.read_text(encoding="utf-8"), UNWRAPPED.get(document.name, ""))
    assert not wide, f"{document.name}: lines of more than {WIDEST} characters: {wide}"


def test_a_line_that_is_too_wide_would_be_seen() -> None:
    wide = "word " * 30
    assert too_wide(f"# {wide}\n\n{wide}\n- {wide}\n") == [3, 4]
    assert too_wide(f"see [a page](a.md) and {wide}") == [1]


def test_what_cannot_be_broken_is_left_alone() -> None:
    wide = "word " * 30
    assert not too_wide(
        f"| {wide} |\n```sh\n{wide}\n```\n## {wide}\n[{wide}](a.md)\n![{wide}](a.png)\n- [{wide}](a.md)\n"
    )
    assert too_wide(f"```\n{wide}\n```\n{wide}") == [4]
    assert too_wide(f"## Rooms\n{wide}\n## More\n{wide}", but="## Rooms") == [4]
