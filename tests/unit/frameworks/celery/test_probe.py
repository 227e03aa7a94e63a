"""The probe without a worker: what it is without its environment, its orders, and the reading of its journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery.utils.dispatch import Signal
from stormproof import history
from stormproof.errors import StormproofError
from stormproof.frameworks import probe_parts as parts
from stormproof.frameworks.celery import probe
from stormproof.frameworks.celery.framework import CeleryFramework
from stormproof.frameworks.journal import ProbeJournal


def journal(path: Path) -> parts.Journal:
    return parts.Journal(str(path), "worker")


def probes(reader: ProbeJournal) -> list[history.Probe]:
    return [event for event in reader.read_new() if isinstance(event, history.Probe)]


def test_the_probe_knows_nothing_of_stormproof_and_connects_nothing_without_its_environment(tmp_path: Path) -> None:
    CeleryFramework().probe(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from celery import signals; import stormproof_probe\n"
        "assert not any(name.partition('.')[0] == 'stormproof' for name in sys.modules)\n"
        "assert not signals.task_received.receivers and not signals.worker_init.receivers\n"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("STORMPROOF_")}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=30)


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
