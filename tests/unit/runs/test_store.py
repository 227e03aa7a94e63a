"""A run folder holds all that is needed to judge a run again, and to run it again."""

from __future__ import annotations

from pathlib import Path

import pytest
from stormproof import Injection, Kill, Scenario, State
from stormproof.checks.verdict import Status, Verdict
from stormproof.errors import DescriptionError, RunFolderError
from stormproof.history import Phase, encode
from stormproof.runs import store
from stormproof.spec.choices import Choices
from stormproof.spec.description import restored
from stormproof.spec.system import System
from stormproof.spec.tables import Binary

SCENARIO = Scenario(name="s", title="t", storm=(Injection(fault=Kill(component="worker"), at_s=1.0),), cure="none")
SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "results": None,
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/tasks", "json": {"to": "{key}"}},
        "status": {"path": "/tasks/{task_id}"},
    }
)


def stored(tmp_path: Path) -> Path:
    folder = store.create(tmp_path, SCENARIO, SYSTEM, State.IDLE)
    store.write_plan(folder, SCENARIO, SYSTEM, State.IDLE, Choices.draw(SCENARIO, 3), Binary("/bin/redis", "7"))
    (folder / "history.jsonl").write_bytes(encode(Phase(t=1.0, name="start")) + encode(Phase(t=3.5, name="stop")))
    return folder


def test_a_run_is_read_back_as_it_was_stored(tmp_path: Path) -> None:
    run = store.load(stored(tmp_path))
    assert (run.scenario, run.system, run.state) == (SCENARIO, SYSTEM, State.IDLE)
    assert run.choices == Choices.draw(SCENARIO, 3)
    assert run.judged is None
    assert len(run.history) == 2


def test_a_run_from_another_machine_is_replayed_on_the_system_that_is_here(tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    description = tmp_path / "here" / "mine.toml"
    tables = ["[redis.broker]", "[redis.results]", "[components.api]", 'role = "api"', 'command = ["api"]']
    tables += ["[submit]", 'path = "/"', "json = {}", "[status]", 'path = "/"']
    text = "\n".join(['name = "NAME"', *tables])
    description.write_text(text.replace("NAME", "mine"))
    elsewhere = SYSTEM.model_copy(update={"folder": Path("/not/on/this/machine")}).stored()
    assert "python" not in str(elsewhere)
    here = restored(elsewhere, description)
    assert here == SYSTEM.model_copy(update={"folder": tmp_path / "here"})
    assert restored(SYSTEM.model_copy(update={"folder": tmp_path}).stored(), description).folder == tmp_path
    description.write_text(text.replace("NAME", "other"))
    with pytest.raises(DescriptionError, match="describes 'other', not 'mine'"):
        restored(elsewhere, description)
    with pytest.raises(DescriptionError, match="no such file; name a system's description with --system"):
        restored(elsewhere, tmp_path / "absent.toml")


def test_a_verdict_is_stored_with_its_measures(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    run = store.load(folder)
    judged = store.judged(run.history, (Verdict.of("c", (), 1),))
    assert (judged.status, judged.seconds, judged.events) == (Status.VALID, 2.5, 2)
    store.write(folder, "verdict.json", judged)
    assert store.load(folder).judged == judged


def test_two_runs_of_one_second_have_folders_of_their_own(tmp_path: Path) -> None:
    assert store.create(tmp_path, SCENARIO, SYSTEM, State.IDLE) != store.create(tmp_path, SCENARIO, SYSTEM, State.IDLE)


def test_a_runs_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(RunFolderError, match="--runs"):
        store.create(tmp_path / "runs", SCENARIO, SYSTEM, State.IDLE)


@pytest.mark.parametrize(
    ("name", "text"), [("scenario.json", "{"), ("verdict.json", "[]"), ("history.jsonl", "x\ny\n")]
)
def test_a_damaged_file_is_named(tmp_path: Path, name: str, text: str) -> None:
    folder = stored(tmp_path)
    (folder / name).write_text(text)
    with pytest.raises(RunFolderError, match=name):
        store.load(folder)


def test_a_folder_without_a_plan_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match="not a run folder"):
        store.load(tmp_path)


def test_a_description_that_no_longer_fits_is_one_line(tmp_path: Path) -> None:
    folder = stored(tmp_path)
    plan = (folder / "scenario.json").read_text(encoding="utf-8").replace('"mine"', '"Not Mine"')
    (folder / "scenario.json").write_text(plan, encoding="utf-8")
    with pytest.raises(RunFolderError) as said:
        store.load(folder)
    assert "name: " in str(said.value) and "\n" not in str(said.value)
