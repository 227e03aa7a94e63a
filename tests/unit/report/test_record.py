"""The JSON of runs has the shape that `docs/ci.md` documents, whatever a message holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import msgspec
from stored import LOST, REMARK, run
from stormproof.checks.verdict import Finding
from stormproof.report import record

PAGE = Path(__file__).parents[3] / "docs" / "ci.md"


def test_a_run_is_told_with_all_that_scripts_ask_for() -> None:
    (found,) = json.loads(record.render([run(LOST)]))
    assert found == {
        "title": "storm",
        "scenario": "storm",
        "state": "idle",
        "system": "mine",
        "status": "invalid",
        "counts": {"lost": 1, "doubled": 0, "stuck": 0, "slow": 0, "wrong": 0},
        "checks": {"no_task_lost": "invalid", "no_phantom": "valid"},
        "findings": [
            {
                "check": "no_task_lost",
                "kind": "lost",
                "status": "invalid",
                "key": "a",
                "message": "a is gone",
                "evidence": [3, 4],
            }
        ],
        "seconds": 1.5,
        "events": 2,
        "folder": "runs/one",
        "seed": 1,
        "replay": "stormproof replay runs/one",
        "versions": {
            "stormproof": "0.1.0",
            "celery": "5.7.0",
            "redis-server": "7.2",
            "components": {"api": {"python": "3.11.2"}},
        },
    }


def test_each_key_has_its_line_in_the_documentation_and_no_other() -> None:
    (found,) = json.loads(record.render([run(LOST)]))
    table = PAGE.read_text().partition("## JSON")[2].partition("\n## ")[0]
    documented = set(re.findall(r"^\| `([\w.-]+)` \|", table, re.MULTILINE))
    inner = {f"findings.{key}" for key in found["findings"][0]}
    assert documented == set(found) | inner


def test_a_run_that_was_not_judged_is_unknown() -> None:
    (found,) = json.loads(record.render([msgspec.structs.replace(run(), judged=None)]))
    assert (found["status"], found["counts"], found["checks"], found["findings"]) == ("unknown", None, {}, [])


def test_no_message_breaks_the_document_or_commands_a_runner() -> None:
    text = record.render([run(Finding(kind="lost", message='"\n::error::x ##[error]y \ud800\x1b'))])
    assert text.isascii()
    assert "##[" not in text
    assert not re.search(r"^\s*::", text, re.MULTILINE)
    assert json.loads(text)[0]["findings"][0]["message"] == '"\n::error::x ##[error]y \ufffd\ufffd'


def test_a_remark_is_told_as_one() -> None:
    (found,) = json.loads(record.render([run(REMARK)]))
    assert found["status"] == "valid"
    assert [(finding["kind"], finding["status"]) for finding in found["findings"]] == [("stranded", "remark")]
