"""A running system that another process controls through a Unix socket: it strikes, heals, reports events, and is judged at the end.

A request is a line of JSON, `{"do": NAME, ...}`, and so is its answer: `{"error": "..."}` if it fails. `Steering.COMMANDS`
are the names. Only `watch` is answered by many lines: one event each, until the connection is closed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from stormproof.campaign import catalogue
from stormproof.checks import judge
from stormproof.checks.suite import checks_of_tasks
from stormproof.engine import nemesis
from stormproof.errors import ScenarioError, UsageError, on_purpose
from stormproof.history import History, Invoked, Returned, encode
from stormproof.report import words
from stormproof.session.as_scenario import retold
from stormproof.session.session import Session
from stormproof.spec import faults
from stormproof.spec import source as scenario_text
from stormproof.spec.scenario import Injection

_LONGEST_LINE = 8 << 20
_WATCH_S = 0.02
_JUDGE_S = 2.0
_TOLD = 5

Document = dict[str, Any]


class Steering:
    """Serves a session's socket. Use as an async context manager in the session's own loop.

    `path`: the socket; `runs`: where the run folder goes at the end.
    """

    def __init__(self, session: Session, path: Path, runs: Path) -> None:
        self._session, self._world, self._path, self._runs = session, session.world, path, runs
        self._noted: dict[int, str] = {}
        self._planned: tuple[Injection, ...] = ()
        self._connections: set[asyncio.Task[None]] = set()
        self._judging, self._judged_until = asyncio.Lock(), 0.0
        self._judged: Document = {}

    async def __aenter__(self) -> Steering:
        await self._session.begin()
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=_LONGEST_LINE)
        except OSError as error:
            raise UsageError(
                f"--steer {self._path}: cannot be a socket: {error}; name a shorter path, or another"
            ) from error
        self._path.chmod(0o600)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._connections:
            task.cancel()
        self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            while line := await reader.readline():
                await self._answer(line, writer)
        writer.close()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            request = msgspec.json.decode(line, type=Document)
            if request.get("do") == "watch":
                await self._watch(frozenset(request["kinds"]), writer)
            command = self.COMMANDS.get(str(request.pop("do", "")))
            if command is None:
                raise UsageError(f"no such command; known: {', '.join(self.COMMANDS)}, watch")
            answer = await command(self, **request)
        except (msgspec.DecodeError, TypeError, KeyError) as error:
            answer = {"error": f"not understood: {error}"}
        except Exception as error:
            meant = on_purpose(error)
            if meant is None:
                raise
            answer = {"error": str(meant)}
        writer.write(msgspec.json.encode(answer) + b"\n")
        await writer.drain()

    async def _watch(self, kinds: frozenset[str], writer: asyncio.StreamWriter) -> None:
        events, place = self._world.recorder.events, self._session.first
        while not writer.is_closing():
            new, place = events[place:], len(events)
            writer.writelines(encode(event) for event in new if event.__struct_config__.tag in kinds)
            await writer.drain()
            await asyncio.sleep(_WATCH_S)

    async def _hello(self) -> Document:
        world = self._world
        return {
            "t0": world.recorder.t0,
            "run": world.run,
            "system": world.system.name,
            "urls": {replica.name: replica.address for replica in world.replicas},
            "submit": world.system.submit.model_dump(mode="json", by_alias=True),
            "status": world.system.status.model_dump(mode="json", by_alias=True),
            "effects": world.system.effects_expected,
            "recovery_s": world.system.promises.recovery_s,
        }

    async def _note(self, events: list[Any]) -> Document:
        """Add operations of other clients to the history: what the system promised them counts."""
        for event in msgspec.convert(events, list[Invoked | Returned]):
            self._world.recorder.add(event)
            if isinstance(event, Invoked):
                self._noted[event.op] = event.key
            elif (key := self._noted.pop(event.op, "")) and event.outcome == "ok":
                self._world.clients.take(key, event.task_id)
        return {}

    async def _strike(self, fault: Any, for_s: float | None = None) -> Document:
        try:
            injection = Injection(fault=faults.decode_fault(fault))
        except (msgspec.ValidationError, KeyError, TypeError) as error:
            raise ScenarioError(f"not a fault: {error}") from error
        strike = await self._session.strike(injection, for_s)
        return {"number": strike.number, "strike": str(strike), "bit": strike.bit}

    async def _plan(self, file: str) -> Document:
        """Plan the faults of a scenario file as the next storm; its workload and states are ignored."""
        scenario = catalogue.load(Path(file))
        nemesis.check(self._world, scenario.storm)
        self._planned = scenario.storm
        return {"title": scenario.title}

    async def _storm(self) -> Document:
        """Play the planned storm, each fault at its time."""
        self._session.play(self._planned)
        return {}

    async def _offers(self) -> Document:
        """Return everything that can be struck, each in the form that `strike` takes."""
        found = faults.offers(self._world.system)
        return {
            "offers": [
                {"target": fault.target, "label": faults.label(fault), "fault": msgspec.to_builtins(fault)}
                for fault in found
            ]
        }

    async def _scenario(self, name: str, last_s: float) -> Document:
        """Return the latest strikes as the text of a scenario file."""
        now, numbered = self._world.recorder.now(), {str(n): each for n, each in enumerate(self._session.injections)}
        told = retold(name, self._session.events, numbered, now, last_s)
        return {"text": scenario_text.as_file(told, f"{told.title}.")}

    async def _judge(self) -> Document:
        """Return the verdicts of the checks of tasks so far. Work in progress is not lost yet.

        The checks run so seldom that they take at most a tenth of the time.
        """
        async with self._judging:
            now = self._world.recorder.now()
            if now >= self._judged_until:
                history = History(self._session.events)
                verdicts = await asyncio.to_thread(judge, history, checks_of_tasks(self._world.system))
                took_s = self._world.recorder.now() - now
                self._judged_until = now + max(_JUDGE_S, 10 * took_s)
                self._judged = {
                    "t": now,
                    "took_s": took_s,
                    "verdicts": [
                        {
                            "check": verdict.check,
                            "status": verdict.status.word,
                            "observed": verdict.observed,
                            "findings": [finding.message for finding in verdict.findings[:_TOLD]],
                            "found": len(verdict.findings),
                        }
                        for verdict in verdicts
                    ],
                }
            return self._judged

    async def _heal(self, number: str | None = None) -> Document:
        healed = await self._session.heal(number)
        return {"healed": [str(strike) for strike in healed], "bit": [bool(strike.bit) for strike in healed]}

    async def _end(self) -> Document:
        """Heal, recover, settle, read, judge and store. The answer contains the verdict."""
        history = await self._session.end()
        run = await asyncio.to_thread(self._session.judge, history, "load", "load from outside", self._runs)
        status = run.judged.status if run.judged else None
        return {
            "status": status.word if status is not None else "unknown",
            "said": [words.summary(run), *words.telling(run)],
            "folder": str(run.folder),
        }

    COMMANDS: ClassVar[dict[str, Callable[..., Awaitable[Document]]]] = {
        "hello": _hello,
        "note": _note,
        "strike": _strike,
        "plan": _plan,
        "storm": _storm,
        "heal": _heal,
        "offers": _offers,
        "scenario": _scenario,
        "judge": _judge,
        "end": _end,
    }
