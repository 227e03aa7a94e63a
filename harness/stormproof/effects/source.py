"""What Stormproof asks of a source of effects: to stand for the outside world, and to count what happens there.

`effects/smtp/` is one. To add another, imitate it, and name its class by an entry point of the group `stormproof.effects`; a description
chooses it with `[effects]` and `kind = "..."`. `stormproof.testing` holds it to what stands here.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from typing import ClassVar, Protocol

from stormproof.history import Effect, Refusal
from stormproof.spec.system import System


class EffectSource(Protocol):
    """One source, for one run."""

    placeholders: ClassVar[tuple[str, ...]]
    """What a description may say of where it is: `smtp.host` for `{smtp.host}`."""

    as_described: Container[str]
    """The keys of what was submitted as the description says: only of these it is known what an effect should contain."""

    def __init__(self, system: System, add: Callable[[Effect | Refusal], None], t0: float) -> None:
        """`add` takes each effect as it happens, with its time since `t0` of `time.monotonic()`."""

    async def start(self) -> None:
        """Be there. Raises ComponentError."""

    def stop(self) -> None:
        """Be gone, at once."""

    @property
    def values(self) -> Mapping[str, str]:
        """What its placeholders stand for, once it has started."""
