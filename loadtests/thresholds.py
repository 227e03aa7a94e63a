"""Thresholds as data: what each row of Locust's tables may show at most, judged while it runs and at the end."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from stormproof.errors import UsageError
from stormproof.spec.description import first_mistake

Metric = Literal["p50_ms", "p95_ms", "p99_ms", "max_ms", "mean_ms", "failures", "per_s"]


class Threshold(BaseModel):
    """`row`: kind and name, `TASK due to done`. `failures` is a share of 1. `abort`: the run ends at once where it breaks, after
    `after_requests`, of which fewer tell nothing. Not `needed`: it may be that nothing comes of it, as where its users stay away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    row: str
    metric: Metric
    at_most: float | None = None
    at_least: float | None = None
    abort: bool = False
    after_requests: int = Field(default=20, ge=1)
    needed: bool = True

    def broken(self, entry: Any) -> str:
        """How the row breaks it, in one line; empty where it holds. `entry`: Locust's StatsEntry."""
        value = measured(entry, self.metric)
        if self.at_most is not None and value > self.at_most:
            return f"{self.row}: {self.metric} is {value:g}, at most {self.at_most:g} was promised"
        if self.at_least is not None and value < self.at_least:
            return f"{self.row}: {self.metric} is {value:g}, at least {self.at_least:g} was promised"
        return ""


class Thresholds(BaseModel):
    """All of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    threshold: tuple[Threshold, ...] = ()

    def broken(self, stats: Any, *, running: bool = False) -> list[str]:
        """What is broken, a line each; `running`: only of those that abort. A needed row of which nothing came breaks its thresholds at the end:
        nothing was shown.
        """
        rows = {f"{entry.method} {entry.name}": entry for entry in stats.entries.values()}
        said = []
        for each in self.threshold:
            entry = rows.get(each.row)
            if entry is None or entry.num_requests == 0:
                said += (
                    []
                    if running or not each.needed
                    else [f"{each.row}: nothing came of it, so {each.metric} is not known"]
                )
            elif not running or (each.abort and entry.num_requests >= each.after_requests):
                said.append(each.broken(entry))
        return [line for line in said if line]


def measured(entry: Any, metric: Metric) -> float:
    """One figure of a row."""
    if metric == "failures":
        return float(entry.fail_ratio)
    if metric == "per_s":
        return float(entry.total_rps)
    if metric == "mean_ms":
        return float(entry.avg_response_time)
    if metric == "max_ms":
        return float(entry.max_response_time)
    return float(entry.get_response_time_percentile(int(metric[1:3]) / 100) or 0.0)


def load(path: Path) -> Thresholds:
    """Read a file. Raises UsageError that names what is wrong and the mend."""
    try:
        found = Thresholds.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; name another file with --thresholds") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not TOML: {error}") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {first_mistake(error)}") from error
    for each in found.threshold:
        if (each.at_most is None) == (each.at_least is None):
            raise UsageError(f"{path}: {each.row}, {each.metric}: say at_most, or at_least")
    return found
