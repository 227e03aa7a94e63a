"""What a reader pastes from README and the docs works: descriptions load, and Python compiles."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import NamedTuple

import pytest
from stormproof.spec import description
from stormproof.spec.system import System

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
NOT_A_DESCRIPTION = {
    "CONTRIBUTING.md": "an entry point of a package",
    "load.md": "thresholds of a run under load, in a file of their own",
}


class Block(NamedTuple):
    document: str
    number: int
    language: str
    text: str


def blocks_in(document: Path) -> list[Block]:
    """The fenced blocks of a document, numbered from 1."""
    found = re.findall(r"^```(\w+)\n(.*?)^```", document.read_text(), re.DOTALL | re.MULTILINE)
    return [Block(document.name, number, *each) for number, each in enumerate(found, 1)]


BLOCKS = [block for document in DOCUMENTS for block in blocks_in(document)]
TOML = [block for block in BLOCKS if block.language == "toml" and block.document not in NOT_A_DESCRIPTION]
PYTHON = [block for block in BLOCKS if block.language in ("python", "py")]
(EXAMPLE,) = [block for block in TOML if block.document == "README.md"]


def name(block: Block) -> str:
    return f"{block.document}-{block.number}"


def loaded(text: str) -> System:
    """What a block describes; one that is only a part of a description changes README's example."""
    said = tomllib.loads(text)
    whole = said if "submit" in said and "status" in said else description.merged(tomllib.loads(EXAMPLE.text), said)
    return description.described(whole, ROOT, "the block")


@pytest.mark.parametrize("block", TOML, ids=name)
def test_a_description_in_a_document_loads(block: Block) -> None:
    assert loaded(block.text).components


@pytest.mark.parametrize("block", PYTHON, ids=name)
def test_python_in_a_document_compiles(block: Block) -> None:
    compile(block.text, name(block), "exec")


def test_every_exception_is_still_needed() -> None:
    known = {block.document for block in BLOCKS if block.language == "toml"}
    assert set(NOT_A_DESCRIPTION) <= known


def test_a_block_with_a_misspelt_key_would_be_seen() -> None:
    with pytest.raises(description.DescriptionError, match="did you mean 'effects'"):
        loaded('[promises]\nefects = "once"\n')
