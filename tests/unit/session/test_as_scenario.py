"""What was struck by hand, as a scenario file."""

from __future__ import annotations

import pytest
from stormproof.errors import UsageError
from stormproof.history import AnyEvent, Fault, Invoked
from stormproof.processes.faults import Kill, Pause
from stormproof.session.as_scenario import retold
from stormproof.spec import source as scenario_text
from stormproof.spec.scenario import Injection, Scenario
from stormproof.spec.trigger import sends
from stormproof.wire.faults import Reset

AT_A_FRAME = Injection(fault=Reset(), when=sends("worker", "HSET"))
STRUCK = {"0": Injection(fault=Kill(component="worker")), "1": Injection(fault=Pause(component="api")), "2": AT_A_FRAME}


def fault(number: str, stage: str, t: float) -> Fault:
    return Fault(t=t, fault=number, name="any", stage=stage)  # type: ignore[arg-type]


def submitted(*times: float) -> list[AnyEvent]:
    return [Invoked(t=t, op=number, kind="submit", key="storm-00ab-0001") for number, t in enumerate(times)]


def test_distances_and_lengths_are_kept_and_the_rate_at_which_tasks_came() -> None:
    events = [
        *submitted(*(100 + tenth / 10 for tenth in range(600))),
        fault("0", "injected", 110.0),
        fault("1", "injected", 112.0),
        fault("0", "healed", 113.0),
        fault("1", "healed", 112.5),
    ]
    told = retold("mine", events, STRUCK, now=160.0, last_s=60.0)
    assert told.storm == (
        Injection(fault=Kill(component="worker"), at_s=2.0, for_s=3.0),
        Injection(fault=Pause(component="api"), at_s=4.0, for_s=0.5),
    )
    assert told.workload.rate_per_s == pytest.approx(10.0, abs=0.2)
    assert told.workload.tasks == pytest.approx(100, abs=5)
    namespace: dict[str, Scenario] = {}
    exec(scenario_text.as_file(told, told.title), namespace)
    assert namespace["scenario"] == told


def test_what_lies_further_back_is_left_out_and_what_is_not_healed_lasts_until_now() -> None:
    events = [fault("0", "injected", 10.0), fault("0", "healed", 11.0), fault("1", "injected", 100.0)]
    told = retold("mine", events, STRUCK, now=104.0, last_s=60.0)
    assert told.storm == (Injection(fault=Pause(component="api"), at_s=2.0, for_s=4.0),)
    assert told.title == "1 fault within 11 s, as struck by hand"


def test_what_waited_for_a_frame_waits_for_it_again() -> None:
    events = [fault("2", "injected", 50.0), fault("2", "healed", 51.0)]
    (injection,) = retold("mine", events, STRUCK, now=60.0, last_s=60.0).storm
    assert injection == Injection(fault=Reset(), when=sends("worker", "HSET"), at_s=2.0, for_s=1.0)


def test_where_nothing_was_struck_there_is_nothing_to_tell() -> None:
    with pytest.raises(UsageError, match="nothing was struck in the last 60 s"):
        retold("mine", [fault("0", "injected", 10.0)], STRUCK, now=100.0, last_s=60.0)
