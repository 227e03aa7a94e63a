"""Storms on the wire, on real processes: what is aimed at one moment of one task strikes there, and only there."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from stormproof import BlackHole, Delay, ErrorReply, Injection, Kill, Refuse, Reset, Scenario, Workload, receives, sends
from stormproof.brokers.redis.server import find_binary
from stormproof.campaign import conduct as campaign
from stormproof.campaign.conduct import Job
from stormproof.engine.world import World
from stormproof.errors import DescriptionError
from stormproof.history import Fault as FaultEvent
from stormproof.history import Wire
from stormproof.history.recorder import Recorder
from stormproof.report import drawing
from stormproof.report.words import doubts, findings
from stormproof.runs.store import Run
from stormproof.spec import description
from stormproof.spec.fault import Fault
from stormproof.spec.scenario import State
from stormproof.sweep import explain

ROOT = Path(__file__).parents[2]


def conduct(runs: Path, *storm: Injection, system: str = "late", tasks: int = 4) -> Run:
    scenario = Scenario(name="wire", title="on the wire", workload=Workload(tasks=tasks), storm=storm)
    job = Job(
        scenario=scenario,
        system=description.load(ROOT / "system_under_test" / f"{system}.toml"),
        state=State.IDLE,
        seed=1,
    )
    (run,) = asyncio.run(
        campaign.conduct_all([job], runs, find_binary(), lambda job, phase: None, lambda job, run: None)
    )
    return run


def keys_of(run: Run, kind: str) -> set[str]:
    return {finding.key[-4:] for finding in findings(run) if finding.kind == kind}


def test_a_worker_that_is_killed_between_two_commands_loses_that_task_also_with_late_acknowledgement(
    tmp_path: Path,
) -> None:
    run = conduct(
        tmp_path, Injection(fault=Kill(component="worker"), when=sends("worker", "HSET", key="unacked", place=2))
    )
    assert keys_of(run, "lost") == {"0002"}
    path, life = explain.explain(run.folder, None, None)
    assert drawing.LAST_CHANCE in drawing.as_text(life)
    assert life.last_chance is not None
    assert life.steps[life.last_chance].text == "reply to BRPOP celery"
    assert path.read_text().startswith("<svg")
    (held,) = [event for _, event in run.history.of(Wire) if event.fate == "held"]
    assert (held.link, held.command, held.key) == ("worker", "HSET", "unacked")


def test_a_publish_whose_reply_is_lost_sends_two_emails(tmp_path: Path) -> None:
    run = conduct(tmp_path, Injection(fault=Reset(), when=receives("api", "LPUSH", key="celery", place=1)))
    assert keys_of(run, "effect_doubled") == {"0001"}


def test_an_api_that_is_cut_off_answers_late_while_the_worker_is_well(tmp_path: Path) -> None:
    run = conduct(tmp_path, Injection(fault=Refuse(component="api"), at_s=0.2, for_s=4.0), tasks=6)
    assert {finding.kind for finding in findings(run)} & {"slow", "server_error"}
    refused = [event for _, event in run.history.of(FaultEvent)]
    assert [event.stage for event in refused] == ["injected", "bit", "healed"]
    assert {event.target for event in refused} == {"link of api"}


def test_a_fault_lasts_until_the_frame_that_ends_it(tmp_path: Path) -> None:
    storm = Injection(fault=Delay(delay_ms=50), until=sends("worker", "HSET", key="unacked", place=2), for_s=20)
    run = conduct(tmp_path, storm, system="hardened")
    healed = [event.t for _, event in run.history.of(FaultEvent) if event.stage == "healed"]
    noted = [e.t for _, e in run.history.of(Wire) if e.command == "HSET" and any(i.endswith("-0002") for i in e.ids)]
    assert healed[0] - noted[0] < 5
    assert not findings(run)


def test_a_frame_that_never_comes_leaves_the_verdict_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stormproof.engine.nemesis._START_S", 2.0)
    run = conduct(tmp_path, Injection(fault=ErrorReply(error="OOM"), when=sends("worker", "NOSUCH")), system="hardened")
    assert [finding.kind for finding in doubts(run)] == ["did_not_bite"]


@pytest.mark.parametrize(
    ("injection", "said"),
    [
        (Injection(fault=BlackHole(component="nobody")), "no component 'nobody'; it has: api, flower, worker"),
        (
            Injection(fault=Reset(), when=sends("worker", store="nowhere")),
            "no server 'nowhere'; it has: broker, results",
        ),
    ],
)
def test_a_link_that_the_system_lacks_is_refused_before_anything_starts(
    tmp_path: Path, injection: Injection, said: str
) -> None:
    with pytest.raises(BaseExceptionGroup) as raised:
        conduct(tmp_path, injection)
    assert raised.group_contains(
        DescriptionError,
        match=f"the system '.*' cannot be struck so: it has {said}",
    )


def test_every_fault_has_a_name_of_its_own() -> None:
    def all_of(kind: type[Fault]) -> set[type[Fault]]:
        return {kind, *(found for below in kind.__subclasses__() for found in all_of(below))}

    names = [str(kind.__struct_config__.tag) for kind in all_of(Fault)]
    assert len(names) == len(set(names))


def test_what_a_link_cannot_read_passes_and_is_told_in_its_log(tmp_path: Path) -> None:
    async def story() -> None:
        recorder = Recorder(tmp_path / "history.jsonl")
        system = description.load(ROOT / "system_under_test" / "late.toml")
        async with World(system, tmp_path, recorder, find_binary(), "00ab") as world:
            await world.start_server(world.stores["broker"])
            (link,) = world.links.chosen("worker", "broker")
            reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
            writer.write(b"MONITOR\r\n")
            assert await reader.readline() == b"+OK\r\n"
            await world.stores["broker"].client.ping()
            assert b"PING" in await reader.readline()
            writer.close()
        recorder.close()

    asyncio.run(story())
    told = (tmp_path / "logs" / "links.log").read_text()
    assert told.count("is forwarded unread: MONITOR leaves no order of replies") == 1
