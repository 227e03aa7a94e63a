"""Noise is told from change: seldom a false alarm, a shift is found, and one run of a side says nothing of figures.

The histories are synthetic: of each run the machine's mood is drawn first, and then its requests: the requests of a run are alike.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from stormproof.checks.verdict import Status
from stormproof.history import AnyEvent, History, Invoked, Probe, ProcessSample, Returned
from stormproof.history import Sample as StoreSample
from stormproof.runs import contrast, measures
from stormproof.runs.contrast import Line, Sample, Word

MIB = 1024 * 1024
VALID, UNKNOWN, INVALID = Status.VALID, Status.UNKNOWN, Status.INVALID


def history(generator: random.Random, slower: float) -> History:
    """Ten tasks; `slower` multiplies what a submission takes."""
    mood = generator.lognormvariate(0, 0.3)
    events: list[AnyEvent] = []
    for op in range(10):
        t, key, task_id = op * 0.2, f"storm-0000-{op:04d}", f"id-{op}"
        answered_t = t + 0.02 * mood * slower * generator.lognormvariate(0, 0.5)
        events += [
            Invoked(t=t, op=op, kind="submit", key=key),
            Returned(t=answered_t, op=op, outcome="ok", task_id=task_id),
            Probe(
                t=answered_t + 0.1 * generator.lognormvariate(0, 0.5),
                component="worker",
                pid=2,
                parent=1,
                word="succeeded",
                task_id=task_id,
                key=key,
            ),
            StoreSample(
                t=t, store="broker", up=True, queued=generator.randrange(9), memory_bytes=generator.randrange(MIB)
            ),
        ]
    for name in ("api", "worker"):
        events.append(ProcessSample(t=1.0, component=name, rss_bytes=int(generator.gauss(90, 2) * MIB), processes=1))
    return History(sorted(events, key=lambda event: event.t))


def sample(
    *,
    checks: dict[str, Status] | None = None,
    counts: dict[str, int] | None = None,
    figures: dict[str, float] | None = None,
) -> Sample:
    return Sample(folder=Path("runs/one"), checks=checks or {}, counts=counts or {}, figures=figures or {})


def drawn(generator: random.Random, runs: int, slower: float = 1.0) -> list[Sample]:
    return [sample(figures=measures.measure(history(generator, slower))) for _ in range(runs)]


def by_name(lines: list[Line]) -> dict[str, Line]:
    return {line.name: line for line in lines}


def word_of(before: list[Status], after: list[Status]) -> Word:
    (line,) = contrast.contrast(*([sample(checks={"c": each}) for each in side] for side in (before, after)))
    return line.word


@pytest.mark.parametrize("runs", [6, 7])
def test_of_two_hundred_comparisons_without_a_change_at_most_five_percent_alarm(runs: int) -> None:
    """17 of 200 is what a true 5 % stays within 39 times of 40."""
    generator = random.Random(runs)
    alarms = 0
    for _ in range(200):
        words = {line.word for line in contrast.contrast(drawn(generator, runs), drawn(generator, runs))}
        assert Word.TOO_FEW not in words
        alarms += bool(words & {Word.WORSE, Word.BETTER})
    assert alarms <= 17


def test_a_shift_is_found_and_said_to_be_worse_or_better() -> None:
    generator = random.Random(1)
    found = 0
    for _ in range(20):
        before, after = drawn(generator, 7), drawn(generator, 7, slower=4.0)
        found += by_name(contrast.contrast(before, after))["submission p50"].word is Word.WORSE
        assert by_name(contrast.contrast(after, before))["submission p50"].word in (Word.BETTER, Word.NO_CHANGE)
    assert found >= 18


def test_more_throughput_is_better_and_more_of_anything_else_is_worse() -> None:
    before = [sample(figures={"throughput": 1 + n / 10, "recovery": 1 + n / 10}) for n in range(6)]
    after = [sample(figures={"throughput": 5 + n / 10, "recovery": 5 + n / 10}) for n in range(6)]
    words = {name: line.word for name, line in by_name(contrast.contrast(before, after)).items()}
    assert words == {"throughput": Word.BETTER, "recovery": Word.WORSE}


def test_requests_of_one_run_are_no_runs() -> None:
    """However many requests it had, and however far apart they lie."""
    generator = random.Random(3)
    lines = contrast.contrast(drawn(generator, 1), drawn(generator, 6, slower=100.0))
    assert {line.word for line in lines} <= {Word.ONE_RUN, Word.NO_CHANGE}
    assert by_name(lines)["submission p50"].word is Word.ONE_RUN
    assert contrast.status(lines) is VALID


def test_where_no_outcome_could_be_told_from_noise_the_runs_are_too_few() -> None:
    generator = random.Random(4)
    lines = contrast.contrast(drawn(generator, 3), drawn(generator, 3, slower=100.0))
    assert by_name(lines)["submission p50"].word is Word.TOO_FEW
    assert contrast.status(lines) is UNKNOWN


def test_what_is_constant_takes_no_part_in_the_correction() -> None:
    figures = {f"memory of {n}": 1.0 for n in range(100)}
    before = [sample(figures={**figures, "recovery": 1 + n / 10}) for n in range(6)]
    after = [sample(figures={**figures, "recovery": 5 + n / 10}) for n in range(6)]
    assert by_name(contrast.contrast(before, after))["recovery"].word is Word.WORSE


def test_a_verdict_that_all_runs_share_is_compared_as_it_stands() -> None:
    assert word_of([VALID], [INVALID]) is Word.WORSE
    assert word_of([INVALID], [VALID]) is Word.BETTER
    assert word_of([UNKNOWN], [VALID]) is Word.BETTER
    assert word_of([VALID], [UNKNOWN]) is Word.UNKNOWN
    assert word_of([VALID], [VALID]) is Word.NO_CHANGE
    assert word_of([INVALID] * 3, [INVALID] * 3) is Word.NO_CHANGE
    assert word_of([VALID] * 3, [INVALID] * 3) is Word.WORSE


def test_a_verdict_that_turns_now_and_then_is_tested_as_a_figure_is() -> None:
    assert word_of([VALID] * 5 + [INVALID], [VALID] * 4 + [INVALID] * 2) is Word.NO_CHANGE
    assert word_of([VALID] * 7 + [INVALID], [INVALID] * 7 + [VALID]) is Word.WORSE
    assert word_of([VALID] * 2, [VALID, INVALID]) is Word.TOO_FEW


def test_what_was_never_broken_before_and_is_once_now_is_not_called_the_same() -> None:
    assert word_of([VALID] * 6, [VALID] * 5 + [INVALID]) is Word.UNKNOWN
    assert word_of([VALID], [VALID] * 5 + [INVALID]) is Word.UNKNOWN
    assert word_of([VALID] * 5 + [INVALID], [VALID] * 6) is Word.NO_CHANGE


def test_a_check_that_nobody_could_decide_any_more_is_unknown() -> None:
    assert word_of([VALID, INVALID], [UNKNOWN, UNKNOWN]) is Word.UNKNOWN
    lines = contrast.contrast([sample()], [sample(checks={"c": VALID})])
    assert by_name(lines)["c"].word is Word.NO_CHANGE
    lines = contrast.contrast([sample(checks={"c": VALID})], [sample()])
    assert by_name(lines)["c"].word is Word.UNKNOWN


def test_counts_are_told_from_noise_as_figures_are() -> None:
    before, after = ([sample(counts={"lost": n + more}) for n in range(6)] for more in (0, 10))
    assert by_name(contrast.contrast(before, after))["lost"].word is Word.WORSE
    assert by_name(contrast.contrast(before, before))["lost"].word is Word.NO_CHANGE


def test_a_figure_of_one_side_only_says_nothing() -> None:
    lines = contrast.contrast([sample()] * 6, [sample(figures={"recovery": n}) for n in range(6)])
    assert by_name(lines)["recovery"].says == ("not measured", "2.50 s")
    assert by_name(lines)["recovery"].word is Word.NO_CHANGE


def test_worse_outweighs_unknown_and_unknown_the_same() -> None:
    lines = contrast.contrast([sample(checks={"a": VALID, "b": VALID})], [sample(checks={"a": INVALID, "b": UNKNOWN})])
    assert contrast.status(lines) is INVALID
    assert contrast.status(lines[1:]) is UNKNOWN
    assert contrast.status([]) is VALID


def test_times_are_told_in_the_unit_that_suits_them() -> None:
    assert contrast.scaled([0.0251, 0.0005], "s") == (["25.1", "0.50"], "ms")
    assert contrast.scaled([12.34, 0.5], "s") == (["12.3", "0.50"], "s")
    assert contrast.scaled([228.4], "MiB") == (["228"], "MiB")
    assert contrast.scaled([3.0], "") == (["3"], "")
