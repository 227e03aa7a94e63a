"""What the documents say is so: commands exist, links lead somewhere, CI runs what the README says."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest
from stormproof.cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FOREIGN = re.compile(r"(?<![\w.])/(?:work|tmp|root|home)/\w|\bissue #?\d+|\bDEVELOPERS\.md")
"""Paths of somebody's machine and numbers of somebody's tracker."""


def tracked() -> list[Path]:
    """All files that are the project's own."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def commands_in(text: str) -> set[str]:
    """The subcommands of `stormproof` that a document uses in code."""
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    return set(re.findall(r"(?<!from )\bstormproof ([a-z]+)\b", code))


def test_ci_runs_the_readmes_test_command_word_for_word() -> None:
    command = next(line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.endswith("/tox"))
    assert command in (ROOT / "README.md").read_text().splitlines()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_commands_in_a_document_exist(document: Path) -> None:
    assert commands_in(document.read_text()) <= set(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_links_in_a_document_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
        if "://" not in target:
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_the_project_speaks_of_itself_alone() -> None:
    for path in tracked():
        if path.suffix not in {".png"} and path != Path(__file__):
            found = FOREIGN.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path.relative_to(ROOT)}: {found and found[0]}"


def test_commands_and_foreign_words_are_recognised() -> None:
    assert commands_in(
        "`stormproof fly` and\n```\nfrom stormproof import run\nstormproof run x\n```\nstormproof walks"
    ) == {"fly", "run"}
    assert FOREIGN.search("see issue 12")
    assert FOREIGN.search("/home/me")
    assert not FOREIGN.search("chaos/home/x and an issue")


def test_the_catalogue_is_what_the_registries_say() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    assert (ROOT / "docs" / "catalogue.md").read_text() == generate.render(), "run: python docs/generate.py"
    assert (ROOT / "docs" / "findings.md").read_text() == generate.findings(), "run: python docs/generate.py"
