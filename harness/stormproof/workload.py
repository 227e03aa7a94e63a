"""What clients do to the system during a run: values only."""

from __future__ import annotations

import msgspec


class Workload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`tasks` submissions, `rate_per_s` of them a second, by `clients` clients; each is followed to its end.

    `copies`: each submission is sent that many times at once, unchanged, as an impatient user's browser would.
    `held_s`: no task goes on before so many seconds of storm have passed, so that tasks pile up.
    """

    tasks: int = 8
    rate_per_s: float = 4.0
    clients: int = 4
    copies: int = 1
    held_s: float = 0.0
    poll_s: float = 0.25


def key(run: str, place: int) -> str:
    """The key of the submission at `place` in the run whose four hexadecimal digits are `run`."""
    return f"storm-{run}-{place:04d}"


def number_of(key: str) -> int:
    """The place of the submission with this key, as `{number}` in a description: a whole number that no other submission of the run has."""
    place = key.rpartition("-")[2]
    return int(place) if place.isascii() and place.isdigit() else 0
