"""What every fault is: a value that can be injected, proves that it bit, and is healed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from stormproof.system import System
    from stormproof.world import World

Evidence = Callable[[], Awaitable[str]]
"""Asks whether a fault has bitten: a sentence that proves it, or "" while there is no proof."""


class Fault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="fault"):
    """Something that is injected, proves that it bit, and is healed. One file each, in `stormproof/faults/`."""

    @property
    def name(self) -> str:
        """How the history and the reports call it; stable."""
        return str(type(self).__struct_config__.tag)

    @property
    def target(self) -> str:
        """The component it strikes."""
        return str(getattr(self, "component", ""))

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        """What a person can strike such a system with at any time, each a button; none of what only makes sense for a certain task."""
        return ()

    def why_not(self, system: System) -> str:
        """Why it cannot strike such a system, which may not have its target; "" where it can."""
        return system.lacks(self.target)

    def strike(self, world: World) -> AbstractAsyncContextManager[Evidence]:
        """Inject on entry, hand out the evidence, heal on exit (which always happens)."""
        raise NotImplementedError
