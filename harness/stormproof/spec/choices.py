"""The random choices of a run, drawn before it begins, so that a replay can use the same ones."""

from __future__ import annotations

import random

import msgspec

from stormproof.spec.scenario import Scenario


def drawn_run() -> str:
    """Four hexadecimal digits that mark the keys of a run that is not replayed."""
    return f"{random.SystemRandom().getrandbits(16):04x}"


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """All random choices of a run, as drawn. A replay uses these, not the seed.

    `run`: the four hexadecimal digits in the run's keys. `submit_at_s`: when each submission of the workload is due, in
    seconds.
    """

    seed: int
    run: str
    submit_at_s: tuple[float, ...]

    @classmethod
    def draw(cls, scenario: Scenario, seed: int) -> Choices:
        """Draw the choices for a scenario. Arrivals are a Poisson process, because users do not arrive at regular
        intervals.
        """
        generator = random.Random(seed)
        due, at_s = [], 0.0
        for _ in range(scenario.workload.tasks):
            due.append(round(at_s, 3))
            at_s += min(generator.expovariate(scenario.workload.rate_per_s), 4 / scenario.workload.rate_per_s)
        return cls(seed=seed, run=f"{generator.getrandbits(16):04x}", submit_at_s=tuple(due))
