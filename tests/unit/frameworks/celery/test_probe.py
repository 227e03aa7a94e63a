"""The probe without a worker: what it is without its environment, its orders, and the reading of its journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import types
from pathlib import Path

import pytest
from celery.utils.dispatch import Signal
from stormproof import history
from stormproof.errors import StormproofError
from stormproof.frameworks.celery import probe
from stormproof.frameworks.journal import ProbeJournal


def journal(path: Path) -> probe.Journal:
    return probe.Journal(str(path), "worker")


def probes(reader: ProbeJournal) -> list[history.Probe]:
    return [event for event in reader.read_new() if isinstance(event, history.Probe)]


def test_the_probe_and_the_history_agree_on_what_a_key_looks_like() -> None:
    assert probe.KEY_PATTERN == history.KEY_PATTERN


def test_the_probe_knows_nothing_of_stormproof_and_connects_nothing_without_its_environment() -> None:
    code = (
        "import sys, runpy; from celery import signals\n"
        f"runpy.run_path({probe.__file__!r})\n"
        "assert not any('stormproof' in name for name in sys.modules)\n"
        "assert not signals.task_received.receivers and not signals.worker_init.receivers\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STORMPROOF_")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=30)


def test_the_key_is_the_first_in_the_arguments_whatever_their_shape() -> None:
    assert probe._key_in([{"to": "storm-00ab-0001@x"}], {"cc": "storm-00ab-0002"}) == "storm-00ab-0001"
    assert probe._key_in([], {}) == ""


def test_a_value_that_is_no_json_or_too_long_is_left_out() -> None:
    assert probe._as_json({"sent": True}) == '{"sent":true}'
    assert probe._as_json(object()) == ""
    assert probe._as_json("x" * probe.VALUE_LIMIT_BYTES) == ""


def test_an_error_is_described_in_bounded_words_even_where_its_text_is_broken() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert probe._describe(ValueError("no")) == "ValueError: no"
    assert probe._describe(BrokenError()) == "BrokenError"
    assert len(probe._describe(ValueError("x" * 5000))) == probe.DETAIL_LIMIT_CHARACTERS


def test_orders_are_read_again_when_replaced_and_the_first_whose_prefix_matches_counts(tmp_path: Path) -> None:
    path = tmp_path / "orders.json"
    orders = probe.Orders(str(path))
    assert orders.first_for(("storm-00ab-0001",), {}) is None
    for listed, expected in (
        ([{"key": "storm-00ab-0001", "do": "exit"}, {"key": "storm-", "do": "hold"}], "exit"),
        ([{"key": "storm-", "do": "hold"}, {"key": "", "do": "exit"}], "hold"),
        ([{"key": "", "do": "exit"}], "exit"),
    ):
        aside = tmp_path / "aside"
        aside.write_text(json.dumps(listed))
        aside.rename(path)
        order = orders.first_for(("storm-00ab-0001",), {})
        assert order is not None
        assert order["do"] == expected
    assert orders.first_for((), {}) is not None
    path.unlink()
    assert orders.first_for((), {}) is None


def test_an_order_that_counts_means_one_task_also_when_it_is_executed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, turns = tmp_path / "orders.json", tmp_path / "turns"
    path.write_text(json.dumps([{"key": "", "do": "hold", "nth": "1", "turns": str(turns)}]))
    processes = [probe.Orders(str(path)) for _ in range(2)]

    def is_held(process: int, task_id: str) -> bool:
        task = types.SimpleNamespace(request=types.SimpleNamespace(id=task_id))
        monkeypatch.setattr(probe, "current_task", task)
        return processes[process].first_for((7,), {}) is not None

    runs = [(0, "a"), (1, "b"), (0, "b"), (0, "c"), (1, "a"), (1, "b")]
    assert [is_held(*run) for run in runs] == [False, True, True, False, False, True]


def test_tasks_that_cannot_be_counted_are_told_on_stderr_and_obey_no_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.json"
    path.write_text(json.dumps([{"key": "", "do": "exit", "nth": "0", "turns": str(tmp_path / "missing" / "turns")}]))
    monkeypatch.setattr(probe, "current_task", types.SimpleNamespace(request=types.SimpleNamespace(id="a")))
    assert probe.Orders(str(path)).first_for((), {}) is None
    assert "cannot count the tasks" in capsys.readouterr().err


def test_unreadable_orders_are_told_on_stderr_and_nothing_is_ordered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.json"
    path.write_text("{")
    assert probe.Orders(str(path)).first_for(("storm-00ab-0001",), {}) is None
    assert "cannot read the orders" in capsys.readouterr().err


def test_a_journal_that_cannot_be_written_is_told_on_stderr_and_hurts_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = journal(tmp_path / "journal")
    os.close(broken._fd)
    broken.write("started", "id", "task", "")
    assert "cannot write the journal" in capsys.readouterr().err


def test_a_signal_that_the_probe_cannot_read_hurts_nobody(tmp_path: Path) -> None:
    heard = Signal(name="heard", providing_args={"request"})
    heard.connect(probe.Recorder(journal(tmp_path / "journal")).received, weak=False)
    [(_, response)] = heard.send(sender=None, request=None)
    assert isinstance(response, AttributeError)


def test_what_was_written_is_read_once_with_the_times_of_the_run(tmp_path: Path) -> None:
    path, t0 = tmp_path / "journal", time.monotonic()
    reader = ProbeJournal(path, t0)
    assert reader.read_new() == []
    writer = journal(path)
    writer.write("started", "id", "app.task", "storm-00ab-0001")
    writer.write("failed", "id", "app.task", "storm-00ab-0001", detail="ValueError: ü\n\ud800")
    first, second = probes(reader)
    assert (first.word, first.task_id, first.task, first.key) == ("started", "id", "app.task", "storm-00ab-0001")
    assert first.pid == first.parent == os.getpid()
    assert 0 <= first.t <= second.t <= time.monotonic() - t0
    assert reader.read_new() == []
    writer.write("ready", "", "", "")
    assert [event.word for event in probes(reader)] == ["ready"]


def test_what_a_worker_says_of_its_settings_comes_before_its_word_that_it_is_ready(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal(path).write("ready", "", "", "", value=json.dumps({"processes": 3, "queues": ["a", "b"], "steps": [0, 5]}))
    settings, ready = ProbeJournal(path, 0.0).read_new()
    assert isinstance(settings, history.Settings)
    assert (settings.component, settings.pid, settings.t) == ("worker", os.getpid(), ready.t)
    assert (settings.processes, settings.queues, settings.steps) == (3, ("a", "b"), (0, 5))
    assert isinstance(ready, history.Probe)
    assert (ready.word, ready.value) == ("ready", "")


def test_a_worker_whose_settings_cannot_be_told_is_ready_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "journal"
    probe.Recorder(journal(path)).ready(sender=object())
    assert [event.word for event in probes(ProbeJournal(path, 0.0))] == ["ready"]
    assert "cannot tell the worker's settings" in capsys.readouterr().err


def test_a_line_without_its_end_waits_until_it_has_one(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal(path).write("started", "id", "app.task", "")
    whole = path.read_bytes()
    path.write_bytes(whole + whole[:20])
    reader = ProbeJournal(path, 0.0)
    assert len(reader.read_new()) == 1
    assert reader.read_new() == []
    with path.open("ab") as file:
        file.write(whole[20:])
    assert len(reader.read_new()) == 1


def test_a_whole_line_that_is_none_of_the_probes_is_our_own_failure(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_text('{"m": 1}\n')
    with pytest.raises(StormproofError, match="not a line of a probe"):
        ProbeJournal(path, 0.0).read_new()
    path.unlink()
    journal(path).write("ready", "", "", "", value='{"processes": "many"}')
    with pytest.raises(StormproofError, match="not a line of a probe"):
        ProbeJournal(path, 0.0).read_new()
