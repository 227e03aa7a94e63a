"""What is left to chance in a run, drawn before it begins, so that a replay can take the same."""

from __future__ import annotations

import random

import msgspec

from stormproof.spec.scenario import Scenario


def drawn_run() -> str:
    """Four hexadecimal digits to mark the keys of what nobody replays."""
    return f"{random.SystemRandom().getrandbits(16):04x}"


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """All that is left to chance in a run, as it was drawn. A replay takes these, not the seed.

    `run`: the four hexadecimal digits in the run's keys. `submit_at_s`: when each submission of the workload is due.
    """

    seed: int
    run: str
    submit_at_s: tuple[float, ...]

    @classmethod
    def draw(cls, scenario: Scenario, seed: int) -> Choices:
        """Draw for a scenario. Arrivals are a Poisson process: users do not come at even distances."""
        generator = random.Random(seed)
        due, at_s = [], 0.0
        for _ in range(scenario.workload.tasks):
            due.append(round(at_s, 3))
            at_s += min(generator.expovariate(scenario.workload.rate_per_s), 4 / scenario.workload.rate_per_s)
        return cls(seed=seed, run=f"{generator.getrandbits(16):04x}", submit_at_s=tuple(due))
