"""Run folders that were never run, and a client that has opened the address that `stormproof serve` prints."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from stormproof import Scenario, State
from stormproof import history as h
from stormproof.checks.verdict import Finding, Verdict, merge
from stormproof.runs import store
from stormproof.spec import faults
from stormproof.spec.choices import Choices
from stormproof.spec.system import System
from stormproof.spec.tables import Binary
from stormproof.sweep.outcome import Outcome, Word
from stormproof.sweep.points import Point
from stormproof.sweep.sheet import FILE, Result, Sheet
from stormproof.web.app import build
from stormproof.web.gate import Gate, Receive, Scope, Send
from stormproof.web.listing import Listing
from stormproof.web.replays import Replays
from stormproof.web.web import Server, opened

TOKEN, COOKIE = "the-token", "stormproof-serve"
HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e"
SHOWN = "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd[31m\ufffd"
KEY = "storm-00ab-0001"
HISTORY = (
    h.Phase(t=0.0, name="storm"),
    h.Invoked(t=1.0, op=1, kind="submit", key=KEY),
    h.Wire(
        t=1.1,
        link="api",
        component="api",
        store="broker",
        connection=1,
        direction="request",
        command="LPUSH",
        key="celery",
        meaning="publish",
        ids=("a", KEY, "tag"),
    ),
    h.Returned(t=1.2, op=1, outcome="ok", http_status=202, task_id="a"),
    h.Quiescence(t=9.0, proved=True, detail="nothing left"),
)
LOST = Finding(kind="lost", message="a is gone", evidence=(1, 3), key=KEY)


def system(name: str = "mine") -> System:
    return System.model_validate(
        {
            "name": name,
            "redis": {"broker": {}},
            "results": None,
            "components": {"api": {"role": "api", "command": ["api"]}},
            "submit": {"path": "/", "json": {}},
            "status": {"path": "/"},
        }
    )


def write_history(path: Path) -> None:
    """As old as that of a run that ended a minute ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(h.encode(event) for event in HISTORY))
    a_minute_ago = time.time() - 60
    os.utime(path, (a_minute_ago, a_minute_ago))


def make_run(
    runs: Path,
    name: str,
    *findings: Finding,
    scenario: Scenario | str = "storm",
    on: str = "mine",
    celery: str = "5.7.0",
    at: int = 0,
    judged: bool = True,
    seed: int = 1,
) -> Path:
    """A run folder; `at`: the minute in which it began."""
    told = Scenario(name=scenario, title="a storm") if isinstance(scenario, str) else scenario
    plan: dict[str, Any] = {
        "scenario": faults.encode_scenario(told),
        "system": system(on).stored(),
        "state": State.IDLE,
        "choices": Choices.draw(told, seed),
        "redis": Binary("/bin/redis", "7"),
        "versions": {"python": "3.11.2", "celery": "0.0"},
        "components": {"worker": {"celery": celery, "kombu": "5.7.0", "redis": "8.1.0"}},
        "began": f"2026-11-27T{10 + at // 60:02}:{at % 60:02}:00+0000",
    }
    folder = runs / name
    write_history(folder / "history.jsonl")
    (folder / "logs").mkdir()
    (folder / "logs" / "worker.log").write_bytes(b"ready\x1b[31m \xff\n")
    store.write(folder, "scenario.json", plan)
    if judged:
        verdicts = (Verdict.of("no_task_lost", findings, 5), Verdict.of("no_phantom", (), 5))
        store.write(
            folder, "verdict.json", store.Judged(status=merge(verdicts), verdicts=verdicts, seconds=9.0, events=5)
        )
    return folder


POINT = Point(link="worker", command="HSET", key="unacked", direction="request", nth=1)
CELL = f"{POINT.name}/kill"


def make_sweep(runs: Path, name: str = "sweep", *, lane: str = "lane-1", said: str = "lost: a is gone") -> Path:
    """A sweep with one cell that was played, one that was not, and one fault that cannot be at the point."""
    folder = runs / name
    write_history(folder / "lane-1" / "history.jsonl")
    result = Result(
        cell=CELL,
        outcome=Outcome(word=Word.LOST, also=(Word.LATE,), said=(said,)),
        reached=True,
        lane=lane,
        first=1,
        last=4,
        seconds=1.0,
    )
    sheet = Sheet(
        system=system().stored(),
        points=(POINT,),
        faults=("kill", "reset", "garble"),
        cells=(CELL, f"{POINT.name}/reset"),
        results={CELL: result},
        seed=1,
        redis=Binary("/bin/redis", "7"),
        versions={"celery": "5.6.0"},
        began="2026-11-27T09:00:00+0000",
    )
    store.write(folder, FILE, sheet)
    return folder


class _Elsewhere(Gate):
    """The gate, as a client at another address meets it."""

    def __init__(self, gate: Gate, address: str) -> None:
        self._gate, self._address = gate, address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._gate({**scope, "client": (self._address, 40_000)}, receive, send)


@contextmanager
def stranger(runs: Path, address: str = "") -> Iterator[httpx.Client]:
    """A client without a token; it is served as if it were at `address`."""
    replays = Replays(runs)
    app = build(Listing(runs), replays, TOKEN, COOKIE)
    with opened(0) as listener:
        server = Server(_Elsewhere(app, address) if address else app)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=base, trust_env=False, timeout=30) as client:
                yield client
        finally:
            replays.close()
            server.should_exit = True
            thread.join()


@contextmanager
def guest(runs: Path, address: str = "") -> Iterator[httpx.Client]:
    """A client that has the cookie."""
    with stranger(runs, address) as client:
        client.cookies.set(COOKIE, TOKEN)
        yield client


def origin(client: httpx.Client) -> str:
    """Where the pages are."""
    return str(client.base_url).rstrip("/")


def press(client: httpx.Client, path: str, **headers: str) -> httpx.Response:
    """As a browser presses a button of our page, but for the headers that are given."""
    ours = {"Origin": origin(client), "Sec-Fetch-Site": "same-origin"}
    return client.post(path, headers={**ours, **headers})


def broken(folder: Path) -> Path:
    """A run folder that cannot be read."""
    folder.mkdir(parents=True)
    (folder / "scenario.json").write_text(json.dumps({"scenario": HOSTILE}))
    return folder
