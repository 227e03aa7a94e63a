"""The interface of a source of effects, which stands for the outside world and counts what happens there.

`effects/smtp/` is one. To add another, start from it, and name its class with an entry point of the group
`stormproof.effects`. A description selects it with `[effects]` and `kind = "..."`. `stormproof.testing` checks it
against this interface.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import ClassVar, Protocol

from stormproof.history import Effect, Refusal
from stormproof.spec.system import System


class EffectSource(Protocol):
    """One source, for one run."""

    placeholders: ClassVar[tuple[str, ...]]
    """The placeholders that a description may use for its address: `smtp.host` for `{smtp.host}`."""

    as_described: Container[str]
    """The keys of the submissions that were made as the description says. Only for these is it known what an effect
    should contain.
    """

    def __init__(self, system: System, add: Callable[[Effect | Refusal], None], t0: float) -> None:
        """`add` is called with each effect as it happens, with its time since `t0` of `time.monotonic()`."""

    async def start(self) -> None:
        """Start. Raises ComponentError."""

    def stop(self) -> None:
        """Stop at once."""

    @property
    def values(self) -> Mapping[str, str]:
        """The values of its placeholders, once it has started."""
