"""What probes share, without a worker: the journal, the orders, and how a key is found."""

from __future__ import annotations

import json
import os
import pickle
import sys
import types
from pathlib import Path

import pytest
from stormproof import history
from stormproof.frameworks import probe_parts
from stormproof.frameworks.journal import ProbeJournal


def probes(path: Path) -> list[history.Probe]:
    return [event for event in ProbeJournal(path, 0.0).read_new() if isinstance(event, history.Probe)]


def test_the_probe_and_the_history_agree_on_what_a_key_looks_like() -> None:
    assert probe_parts.KEY_PATTERN == history.KEY_PATTERN


def test_a_line_is_one_that_the_harness_reads_and_names_the_main_process(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    probe_parts.Journal(str(path), "worker").write("started", "id", "app.task", "storm-00ab-0001")
    probe_parts.Journal(str(path), "worker", parent=7).write(
        "failed", "id", "app.task", "", detail="ValueError: ü\n\ud800"
    )
    started, failed = probes(path)
    assert (started.word, started.task_id, started.task, started.key) == (
        "started",
        "id",
        "app.task",
        "storm-00ab-0001",
    )
    assert (started.pid, started.parent) == (os.getpid(), os.getpid())
    assert (failed.pid, failed.parent) == (os.getpid(), 7)


def test_a_journal_that_cannot_be_written_is_told_on_stderr_and_hurts_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = probe_parts.Journal(str(tmp_path / "journal"), "worker")
    os.close(journal._fd)
    journal.write("started", "id", "task", "")
    assert "cannot write the journal" in capsys.readouterr().err


def test_a_key_is_found_in_values_and_in_what_nobody_has_decoded() -> None:
    assert probe_parts.key_in([{"to": "storm-00ab-0001@x"}], {"cc": "storm-00ab-0002"}) == "storm-00ab-0001"
    assert probe_parts.key_in([], {}) == ""
    assert probe_parts.key_in_bytes(pickle.dumps(("f", None, ("storm-00ab-0003@x",), {}))) == "storm-00ab-0003"
    assert probe_parts.key_in_bytes(b"none") == ""


def test_a_value_that_is_no_json_or_too_long_is_left_out() -> None:
    assert probe_parts.as_json({"sent": True}) == '{"sent":true}'
    assert probe_parts.as_json(object()) == ""
    assert probe_parts.as_json("x" * probe_parts.VALUE_LIMIT_BYTES) == ""


def test_an_error_is_described_in_bounded_words_even_where_its_text_is_broken() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert probe_parts.describe(ValueError("no")) == "ValueError: no"
    assert probe_parts.describe(BrokenError()) == "BrokenError"
    assert probe_parts.describe(None) == ""
    assert len(probe_parts.describe(ValueError("x" * 5000))) == probe_parts.DETAIL_LIMIT_CHARACTERS


def test_orders_are_read_again_when_replaced_and_the_first_whose_prefix_matches_counts(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    orders = probe_parts.Orders(str(path))
    assert orders.first_for("storm-00ab-0001", "a") is None
    for listed, expected in (
        ([{"key": "storm-00ab-0001", "do": "exit"}, {"key": "storm-", "do": "hold"}], "exit"),
        ([{"key": "storm-00ab-0002", "do": "exit"}, {"key": "storm-", "do": "hold"}], "hold"),
        ([{"key": "", "do": "exit"}], "exit"),
    ):
        aside = tmp_path / "aside"
        aside.write_text(json.dumps(listed))
        aside.rename(path)
        order = orders.first_for("storm-00ab-0001", "a")
        assert order is not None and order["do"] == expected
    assert orders.first_for("", "a") is not None
    path.unlink()
    assert orders.first_for("", "a") is None


def test_an_order_that_counts_means_one_task_also_when_it_is_executed_again(tmp_path: Path) -> None:
    path, turns = tmp_path / "orders.json", tmp_path / "turns"
    path.write_text(json.dumps([{"key": "", "do": "hold", "nth": "1", "turns": str(turns)}]))
    processes = [probe_parts.Orders(str(path)) for _ in range(2)]
    runs = [(0, "a"), (1, "b"), (0, "b"), (0, "c"), (1, "a"), (1, "b")]
    held = [processes[process].first_for("", task_id) is not None for process, task_id in runs]
    assert held == [False, True, True, False, False, True]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "cannot read the orders"),
        (json.dumps([{"key": "", "do": "exit", "nth": "0", "turns": "/missing/turns"}]), "cannot count the tasks"),
    ],
)
def test_orders_that_cannot_be_followed_are_told_on_stderr_and_nothing_is_ordered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    (tmp_path / "orders.json").write_text(text)
    assert probe_parts.Orders(str(tmp_path / "orders.json")).first_for("storm-00ab-0001", "a") is None
    assert said in capsys.readouterr().err


def test_a_method_is_replaced_where_it_is_defined_and_only_there() -> None:
    class Base:
        def method(self, number: int) -> int:
            return number

        @classmethod
        def made(cls) -> str:
            return cls.__name__

    class Derived(Base):
        pass

    probe_parts.around([Derived, Base], "method", lambda original, *args: original(*args) + 1)
    probe_parts.around([Derived, Base], "made", lambda original, *args: original(*args).lower())
    probe_parts.around([Derived, Base], "missing", lambda original, *args: None)
    assert (Derived().method(1), Derived.made()) == (2, "derived")
    assert "method" not in vars(Derived) and not hasattr(Base, "missing")


def test_a_note_that_fails_is_told_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    probe_parts.tell(lambda number: 1 / number, 0)
    assert "cannot tell what happened: ZeroDivisionError" in capsys.readouterr().err


def test_what_waits_for_a_module_is_told_of_it_once_and_of_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "waited_for.py").write_text("READY = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    told: list[types.ModuleType] = []
    finder = probe_parts.AfterImport("waited_for", told.append)
    monkeypatch.setattr(sys, "meta_path", [finder, *sys.meta_path])
    import colorsys  # noqa: F401

    import waited_for

    assert told == [waited_for] and waited_for.READY
    del sys.modules["waited_for"]
    import waited_for

    assert len(told) == 1
    del sys.modules["waited_for"]
