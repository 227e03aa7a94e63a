"""How a session brings its system back, and what it keeps of an episode, on a system that is played; on real processes it is `test_live.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from stormproof.checks import NoTaskLost
from stormproof.checks.verdict import Status
from stormproof.errors import ComponentError
from stormproof.history import Closed, History, Invoked, Phase, Probe, Quiescence, Returned
from stormproof.runs import store
from stormproof.session import session as sessions
from stormproof.session.session import Session
from stormproof.spec.system import System
from stormproof.spec.tables import Binary

SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/tasks", "json": {"to": "{key}"}},
        "status": {"path": "/tasks/{task_id}"},
    }
)
BINARY = Binary("/bin/redis", "7")
NO_ANSWER, REFUSED, TAKEN = (
    Returned(t=0.0, op=1, outcome="fail"),
    Returned(t=0.0, op=1, outcome="info", http_status=503),
    Returned(t=0.0, op=1, outcome="ok", http_status=202, task_id="a"),
)


class Played(Session):
    """Its API answers as it is told to, one answer after the other, and the last one for ever; each answer takes a second."""

    def __init__(self, folder: Path, *answers: Returned, ends: bool = True, quiet: Sequence[bool] = ()) -> None:
        self.t = 0.0
        recorder = SimpleNamespace(now=lambda: self.t, events=[])
        world = SimpleNamespace(
            system=SYSTEM,
            run="00ff",
            folder=folder,
            recorder=recorder,
            key=lambda place: f"storm-00ff-{place:04}",
            stores={},
        )
        super().__init__(world, BINARY, seed=3)  # type: ignore[arg-type]
        self._answers, self._ends, self._quiet = list(answers), ends, list(quiet)
        self.submitted: list[str] = []
        self.restarted: list[str] = []
        self.patience: list[float] = []

    async def submit(self, key: str, *_: Any, **__: Any) -> Returned:
        self.submitted.append(key)
        self.t += 1.0
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    async def until_ended(self, key: str, within_s: float) -> bool:
        self.patience.append(within_s)
        return self._ends

    async def back(self) -> None:
        """Nothing has died."""

    async def restart(self, target: str) -> None:
        self.restarted.append(target)

    async def quiet(self) -> bool:
        return self._quiet.pop(0)


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "_AGAIN_S", 0.0)


@pytest.mark.parametrize(
    ("answers", "works", "submitted", "restarted"),
    [
        ((TAKEN,), True, 1, []),
        ((REFUSED, TAKEN), True, 2, []),
        ((NO_ANSWER, TAKEN), True, 2, ["api"]),
        ((REFUSED, REFUSED, TAKEN), None, 2, []),
        ((NO_ANSWER, NO_ANSWER, TAKEN), None, 2, ["api"]),
    ],
)
def test_a_system_works_that_takes_a_task_at_the_second_try(
    tmp_path: Path, answers: tuple[Returned, ...], works: bool | None, submitted: int, restarted: list[str]
) -> None:
    played = Played(tmp_path, *answers)
    assert asyncio.run(played.works()) is works
    assert (len(set(played.submitted)), played.restarted) == (submitted, restarted)


@pytest.mark.parametrize(("waits_s", "gives_up_at_s"), [(0.0, 10.0), (3.0, 13.0), (1000.0, 50.0)])
def test_what_workers_wait_for_a_processor_is_added_to_their_time_up_to_a_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits_s: float, gives_up_at_s: float
) -> None:
    played = Played(tmp_path, TAKEN)

    async def until(condition: Callable[[], bool], within_s: float) -> bool:
        played.t += max(within_s, 0.0)
        return condition()

    played.world.recorder.until = until  # type: ignore[method-assign]
    played.world.picture = SimpleNamespace(submissions=SimpleNamespace(ended=lambda key: False))  # type: ignore[assignment]
    monkeypatch.setattr(sessions, "RunDelay", lambda pids: SimpleNamespace(look_s=lambda: waits_s))
    assert asyncio.run(Session.until_ended(played, "k", 10.0)) is False
    assert played.t == pytest.approx(gives_up_at_s, abs=0.01)


def test_a_caller_with_patience_asks_until_it_is_over(tmp_path: Path) -> None:
    assert asyncio.run(Played(tmp_path, *[REFUSED] * 8, TAKEN).works(patience_s=20.0))
    assert not asyncio.run(Played(tmp_path, *[REFUSED] * 30, TAKEN).works(patience_s=20.0))


def test_a_task_that_takes_its_time_in_calm_is_given_that_time_after_a_fault(tmp_path: Path) -> None:
    played = Played(tmp_path, TAKEN, ends=False)
    played.life_s = 4.0
    assert asyncio.run(played.works()) is False
    assert played.patience == [SYSTEM.promises.stall_s + 12.0]


def test_what_hangs_is_started_again_the_api_last(tmp_path: Path) -> None:
    played = Played(tmp_path, TAKEN, quiet=[False, True])
    asyncio.run(played.mend())
    assert played.restarted == ["worker", "worker", "api"]
    with pytest.raises(ComponentError, match="does not become quiet again"):
        asyncio.run(Played(tmp_path, TAKEN, quiet=[False, False]).mend())


@pytest.mark.parametrize("outcome", ["ok", "info"])
def test_a_system_whose_status_cannot_be_read_is_not_tidy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: Any
) -> None:
    async def read(self: Played, key: str) -> Returned:
        assert key == self.submitted[-1]
        return Returned(t=0.0, op=2, outcome=outcome)

    monkeypatch.setattr(Played, "read", read)
    assert asyncio.run(Played(tmp_path, TAKEN, quiet=[True]).tidy()) is (outcome == "ok")


def lasting(found: dict[str, Any], *later: dict[str, Any]) -> Callable[..., Any]:
    """A settling that finds these, one after the other."""
    left = [found, *later]

    async def settle(world: Any, within_s: float) -> Quiescence:
        world.recorder.waits.append(within_s)
        return Quiescence(t=0.0, **left.pop(0))

    return settle


def test_a_task_in_hand_is_waited_for_until_it_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    played = Played(tmp_path, TAKEN)
    recorder: Any = played.world.recorder
    recorder.waits, played.life_s = [], 2.0
    played.world.picture = SimpleNamespace(started={"a": SimpleNamespace(t=1.0)})  # type: ignore[assignment]
    in_hand = {"proved": False, "in_hand": ("a",)}
    monkeypatch.setattr(sessions, "settle", lasting(in_hand, {"proved": True}))
    assert asyncio.run(Session.quiet(played))
    assert recorder.waits == [9.0, 1.0 + 2.0 + SYSTEM.promises.stall_s + 0.5]
    played.t = 100.0
    monkeypatch.setattr(sessions, "settle", lasting(in_hand))
    assert not asyncio.run(Session.quiet(played))


def episode(*, ends: bool) -> History:
    """A whole one, in which a task was accepted."""
    about = {"component": "worker", "pid": 11, "parent": 10, "task_id": "a"}
    events: list[Any] = [
        Phase(t=0.0, name="start"),
        Phase(t=1.0, name="storm"),
        Invoked(t=1.1, op=1, kind="submit", key="storm-00ff-0000"),
        Returned(t=1.2, op=1, outcome="ok", http_status=202, task_id="a"),
        *(Probe(t=1.3, word=word, **about) for word in (("started", "succeeded") if ends else ())),
        Phase(t=2.0, name="settle"),
        Quiescence(t=3.0, proved=True),
        Phase(t=4.0, name="stop"),
    ]
    return History([*events, Closed.of(events)])


@pytest.fixture
def played(tmp_path: Path) -> Played:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text("up\n")
    return Played(tmp_path, TAKEN)


def test_an_episode_that_is_wrong_is_kept_as_a_run(played: Played, tmp_path: Path) -> None:
    history = episode(ends=False)
    lost = played.judge(history, "mine", "an episode", tmp_path / "runs", keep=False)
    assert lost.judged is not None
    assert lost.judged.status is Status.INVALID
    stored = store.load(lost.folder)
    assert (stored.judged, stored.history[-1], stored.redis) == (lost.judged, history[-1], BINARY)
    assert (stored.scenario.title, stored.choices.run, stored.choices.seed) == ("an episode", "00ff", 3)
    names = {str(path.relative_to(lost.folder)) for path in lost.folder.rglob("*")}
    assert names == {
        "scenario.json", "history.jsonl", "verdict.json", "report.html", "junit.xml", "logs", "logs/api.log"
    }  # fmt: skip


def test_an_episode_that_is_valid_is_kept_where_it_is_wanted(played: Played, tmp_path: Path) -> None:
    history, runs = episode(ends=True), tmp_path / "runs"
    run = played.judge(history, "mine", "", runs, [NoTaskLost()], keep=False)
    assert run.judged is not None
    assert run.judged.status is Status.VALID
    assert not runs.exists()
    kept = played.judge(history, "mine", "", runs, [NoTaskLost()])
    assert (store.load(kept.folder).judged, kept.judged) == (run.judged, run.judged)
