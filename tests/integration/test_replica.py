"""A component's deaths are recorded, and a supervised one is started again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from stormproof.errors import ComponentError, DescriptionError
from stormproof.history import Process
from stormproof.history.recorder import Recorder
from stormproof.processes.launcher import Launcher
from stormproof.processes.replica import Replica
from stormproof.spec.system import System
from stormproof.spec.tables import Component

SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "results": None,
        "env": {"GREETING": "port {port}"},
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/", "json": {}},
        "status": {"path": "/"},
    }
)


def with_replica(
    tmp_path: Path, story: Callable[[Replica, Recorder], Awaitable[None]], code: str, **settings: object
) -> list[str]:
    """Run a story with a component that executes `code`; returns the words of its process events."""

    async def run() -> list[str]:
        recorder = Recorder(tmp_path / "history.jsonl")
        spec = Component.model_validate({"role": "api", "command": ["{python}", "-u", "-c", code], **settings})
        async with Launcher(f"test-replica-{os.getpid()}", tmp_path) as launcher:
            values = {"port": "1", "work": str(tmp_path)}
            async with httpx.AsyncClient() as http:
                replica = Replica(
                    "api", spec, SYSTEM, values, launcher=launcher, recorder=recorder, http=http, probe_env={}
                )
                await story(replica, recorder)
                replica.stop_watching()
        recorder.close()
        return [event.word for event in recorder.events if isinstance(event, Process)]

    return asyncio.run(run())


async def started_and_gone(replica: Replica, recorder: Recorder) -> None:
    await replica.start()
    assert await recorder.until(lambda: replica.running is not None and not replica.alive, within_s=10)
    words = ("gave_up", "ready")
    assert await recorder.until(lambda: any(e.word in words for e in recorder.events if isinstance(e, Process)), 10)


def test_a_component_that_dies_alone_is_given_up(tmp_path: Path) -> None:
    assert with_replica(tmp_path, started_and_gone, "raise SystemExit(3)") == ["started", "exited", "gave_up"]


def test_a_supervised_component_is_started_again(tmp_path: Path) -> None:
    words = with_replica(
        tmp_path, started_and_gone, "raise SystemExit(3)", restart="always", restart_delay_s=0.01, ready={"log": ""}
    )
    assert words[:3] == ["started", "exited", "started"]
    assert "gave_up" not in words


def test_it_is_ready_when_its_output_says_so(tmp_path: Path) -> None:
    async def story(replica: Replica, recorder: Recorder) -> None:
        await replica.start()
        await replica.ready()

    code = "import os, time; print(os.environ['GREETING']); time.sleep(600)"
    assert with_replica(tmp_path, story, code, ready={"log": "port 1"}) == ["started", "ready"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print('no such module'); raise SystemExit(3)", r"api: exited with 3 at start .*: no such module"),
        ("import time; print('hm'); time.sleep(600)", r"api: was not ready within 0\.5 s .*: hm"),
    ],
)
def test_one_that_does_not_become_ready_is_told_with_its_last_words(tmp_path: Path, code: str, said: str) -> None:
    async def story(replica: Replica, recorder: Recorder) -> None:
        await replica.start()
        with pytest.raises(ComponentError, match=said):
            await replica.ready()

    with_replica(
        tmp_path, story, code, ready={"log": "never", "within_s": 0.5} if "sleep" in code else {"log": "never"}
    )


def test_the_interpreter_is_the_descriptions(tmp_path: Path) -> None:
    async def story(replica: Replica, recorder: Recorder) -> None:
        await replica.start()
        await replica.ready()

    with_replica(
        tmp_path, story, "import sys, time; print(sys.executable); time.sleep(600)", ready={"log": sys.executable}
    )


def replica_of(folder: Path, **settings: object) -> Replica:
    """One that is not started, of a description in this folder."""
    spec = Component.model_validate({"role": "api", "command": ["{python}", "-c", ""], **settings})
    system = SYSTEM.model_copy(update={"folder": folder})
    values = {"port": "1", "work": str(folder)}
    launcher = Launcher("not-started", folder)
    return Replica("api", spec, system, values, launcher=launcher, recorder=None, http=None, probe_env={})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "program"),
    [
        ({"python": "venv/bin/python", "cwd": "backend"}, "{folder}/venv/bin/python"),
        ({"command": ["venv/bin/python", "-c", ""], "cwd": "backend"}, "{folder}/venv/bin/python"),
        ({"command": ["env", "{python}"], "python": "./venv/bin/python", "cwd": "backend"}, "env"),
        ({"python": "python-of-mine", "env": {"PATH": "{work}/venv/bin"}}, "python-of-mine"),
    ],
)
def test_a_program_is_found_from_the_descriptions_folder_whatever_the_cwd(
    tmp_path: Path, settings: dict[str, object], program: str
) -> None:
    (tmp_path / "venv" / "bin").mkdir(parents=True)
    (tmp_path / "backend").mkdir()
    for name in ("python", "python-of-mine"):
        (tmp_path / "venv" / "bin" / name).symlink_to(sys.executable)
    assert replica_of(tmp_path, **settings)._argv[0] == program.format(folder=tmp_path)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"python": "../venv/bin/python"},
            r"components\.api\.python: there is no program /.*/venv/bin/python; a relative path starts in the description's folder, /",
        ),
        (
            {"python": "python0.1"},
            r"components\.api\.python: there is no program python0\.1; name a program on PATH, or a path",
        ),
        ({"command": ["./run.sh"]}, r"components\.api\.command: there is no program /.*/run\.sh; a relative path"),
        (
            {"cwd": "backend"},
            r"components\.api\.cwd: there is no folder /.*/backend; it starts in the description's folder",
        ),
    ],
)
def test_a_program_or_folder_that_is_not_there_is_named_before_anything_starts(
    tmp_path: Path, settings: dict[str, object], said: str
) -> None:
    with pytest.raises(DescriptionError, match=said):
        replica_of(tmp_path, **settings)
