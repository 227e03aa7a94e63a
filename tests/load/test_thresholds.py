"""Thresholds: what breaks them, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from locust.stats import RequestStats
from stormproof.errors import UsageError
from thresholds import Threshold, Thresholds, load

SHIPPED = Path(__file__).parents[2] / "loadtests" / "thresholds.toml"


def stats(*times_ms: float, failures: int = 0) -> RequestStats:
    found = RequestStats()
    for time_ms in times_ms:
        found.log_request("TASK", "due to done", time_ms, 0)
    for _ in range(failures):
        found.log_request("TASK", "due to done", 1, 0)
        found.log_error("TASK", "due to done", "lost")
    return found


def one(metric: str, **bounds: float | bool) -> Thresholds:
    return Thresholds(threshold=(Threshold.model_validate({"row": "TASK due to done", "metric": metric, **bounds}),))


@pytest.mark.parametrize(
    ("metric", "times_ms", "bounds", "said"),
    [
        ("p50_ms", (10, 20, 30), {"at_most": 25}, ""),
        ("p95_ms", (10,) * 90 + (900,) * 10, {"at_most": 100}, "p95_ms is 900, at most 100"),
        ("p99_ms", (10,) * 995 + (900,) * 5, {"at_most": 100}, ""),
        ("max_ms", (10, 70), {"at_most": 60}, "max_ms is 70, at most 60"),
        ("mean_ms", (10, 30), {"at_least": 21}, "mean_ms is 20, at least 21"),
    ],
)
def test_a_row_is_held_to_what_was_promised(
    metric: str, times_ms: tuple[float, ...], bounds: dict[str, float], said: str
) -> None:
    broken = one(metric, **bounds).broken(stats(*times_ms))
    assert broken == ([f"TASK due to done: {said} was promised"] if said else [])


def test_failures_are_a_share() -> None:
    assert one("failures", at_most=0.2).broken(stats(1, 1, 1, 1, failures=1)) == []
    assert one("failures", at_most=0.2).broken(stats(1, 1, failures=1))


def test_a_row_of_which_nothing_came_breaks_what_was_promised_of_it() -> None:
    (said,) = one("p95_ms", at_most=1).broken(RequestStats())
    assert said == "TASK due to done: nothing came of it, so p95_ms is not known"
    assert one("p95_ms", at_most=1, needed=False).broken(RequestStats()) == []


def test_while_it_runs_only_what_aborts_counts_and_only_with_enough_to_tell() -> None:
    slow = stats(*[900] * 25)
    assert one("p95_ms", at_most=1).broken(slow, running=True) == []
    assert one("p95_ms", at_most=1, abort=True).broken(slow, running=True)
    assert one("p95_ms", at_most=1, abort=True, after_requests=26).broken(slow, running=True) == []
    assert one("p95_ms", at_most=1, abort=True).broken(RequestStats(), running=True) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("threshold = 1", "threshold: input should be a valid tuple"),
        ("[[threshold]]\nrow = 'x'\nmetric = 'p97_ms'\nat_most = 1", "threshold.0.metric: input should be"),
        ("[[threshold]]\nrow = 'x'\nmetric = 'p95_ms'\nat_mots = 1", "unknown key 'threshold.0.at_mots'"),
        ("[[threshold]]\nrow = 'x'\nmetric = 'p95_ms'", "x, p95_ms: say at_most, or at_least"),
        ("[[threshold", "not TOML"),
    ],
)
def test_a_wrong_file_is_told_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "thresholds.toml"
    path.write_text(text)
    with pytest.raises(UsageError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: {said}")
    assert "\n" not in str(raised.value)


def test_no_file_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file or directory; name another file with --thresholds"):
        load(tmp_path / "none.toml")


def test_the_file_that_comes_along_can_be_read() -> None:
    assert len(load(SHIPPED).threshold) > 3
