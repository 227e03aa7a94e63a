"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click
from rich.console import Console

from stormproof.spec.loopback import warning

Command = Callable[..., int]
Decorator = Callable[[Command], Command]

system = click.option(
    "--system",
    type=click.Path(path_type=Path),
    default="stormproof.toml",
    show_default=True,
    help="The system's description.",
)
runs = click.option(
    "--runs", type=click.Path(path_type=Path), default="runs", show_default=True, help="Where run folders go."
)
seed = click.option(
    "--seed", type=int, default=None, help="Seed of a run's random choices; drawn at random by default."
)
times = click.option("--times", type=click.IntRange(min=1), default=1, show_default=True, help="How often.")
folder = click.argument("folder", type=click.Path(path_type=Path))
allow_host = click.option(
    "--allow-host", "allowed", multiple=True, help="A host that the description may name; the consequences are printed."
)


def lanes(default: int) -> Decorator:
    """Return how many runs are made in parallel."""
    return click.option(
        "--lanes", type=click.IntRange(1, 8), default=default, show_default=True, help="Runs beside each other."
    )


def warn(allowed: tuple[str, ...], console: Console) -> tuple[str, ...]:
    """Print, for each allowed host, what may happen to it."""
    for host in allowed:
        console.print(warning(host), highlight=False, markup=False, soft_wrap=True)
    return allowed
