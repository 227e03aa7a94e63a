"""Each figure of a run is read from its history, and one of which there was nothing to see is absent."""

from __future__ import annotations

import pytest
from stormproof.history import AnyEvent, Fault, History, Invoked, Probe, ProcessSample, Purpose, Returned, Sample
from stormproof.runs import measures

MIB = 1024 * 1024


def task(op: int, t: float, took_s: float, ended_t: float, purpose: Purpose = "workload") -> list[AnyEvent]:
    key, task_id = f"storm-0000-{op:04d}", f"id-{op}"
    return [
        Invoked(t=t, op=op, kind="submit", key=key, purpose=purpose),
        Returned(t=t + took_s, op=op, outcome="ok", http_status=202, task_id=task_id),
        Probe(t=ended_t, component="worker", pid=2, parent=1, word="succeeded", task_id=task_id, key=key),
    ]


def measured(*events: AnyEvent) -> dict[str, float]:
    return measures.measure(History(sorted(events, key=lambda event: event.t)))


def test_how_long_submissions_waited_is_told_in_percentiles() -> None:
    found = measured(*(event for n in range(101) for event in task(n, n, n / 1000, n + 0.5)))
    assert found["submission p50"] == pytest.approx(0.050)
    assert found["submission p95"] == pytest.approx(0.095)
    assert found["submission p99"] == pytest.approx(0.099)


def test_a_submission_without_an_answer_has_no_time_and_a_refused_one_has() -> None:
    refused = Invoked(t=1, op=1, kind="submit", key="a"), Returned(t=1.5, op=1, outcome="fail", http_status=503)
    silent = Invoked(t=1, op=2, kind="submit", key="b")
    assert measured(*refused, silent) == {f"submission p{n}": 0.5 for n in (50, 95, 99)}


def test_tasks_are_timed_from_their_acceptance_to_their_first_end() -> None:
    again = Probe(t=9.0, component="worker", pid=2, parent=1, word="succeeded", task_id="id-1", key="k")
    found = measured(*task(1, 1.0, 0.1, 1.5), *task(2, 2.0, 0.1, 3.0), again)
    assert found["accepted to ended p50"] == pytest.approx(0.65)
    assert found["throughput"] == pytest.approx(2 / 2.0)


def test_a_task_that_ended_before_its_answer_came_took_no_time() -> None:
    assert measured(*task(1, 1.0, 0.5, 1.2))["accepted to ended p50"] == 0.0


def test_what_the_harness_submits_for_itself_is_no_figure_of_the_workload() -> None:
    own = *task(2, 0.0, 5.0, 9.0, purpose="warmup"), *task(3, 0.0, 5.0, 9.0, purpose="recovery")
    found = measured(*task(1, 1.0, 0.1, 1.5), *own)
    assert found["submission p99"] == pytest.approx(0.1)
    assert found["accepted to ended p95"] == pytest.approx(0.4)


def test_recovery_runs_from_the_last_heal_to_the_first_new_task() -> None:
    stages = (
        Fault(t=2.0, fault="0", name="kill", stage="injected"),
        Fault(t=5.0, fault="0", name="kill", stage="healed"),
    )
    new = *task(1, 6.0, 0.1, 9.0, purpose="recovery"), *task(2, 7.0, 0.1, 8.0, purpose="recovery")
    assert measured(*stages, *new)["recovery"] == pytest.approx(3.0)
    late = task(1, 20.0, 0.1, 21.0, purpose="recovery")
    assert measured(*stages, *late)["recovery"] == pytest.approx(1.0)
    assert "recovery" not in measured(*stages)
    assert "recovery" not in measured(*new)


def test_queue_and_memory_are_told_at_their_largest() -> None:
    found = measured(
        Sample(t=1, store="broker", up=True, queued=3, memory_bytes=2 * MIB),
        Sample(t=2, store="broker", up=True, queued=7, memory_bytes=MIB),
        Sample(t=3, store="broker", up=False),
        ProcessSample(t=1, component="worker", rss_bytes=50 * MIB, processes=3),
        ProcessSample(t=2, component="worker", rss_bytes=40 * MIB, processes=3),
    )
    assert found == {"queued at most": 7, "memory of redis.broker": 2, "memory of worker": 50}


def test_of_nothing_there_is_no_figure() -> None:
    assert measured() == {}


def test_each_figure_has_its_unit() -> None:
    units = {
        name: measures.unit_of(name) for name in ("submission p50", "throughput", "queued at most", "memory of api")
    }
    assert units == {"submission p50": "s", "throughput": "tasks/s", "queued at most": "", "memory of api": "MiB"}
