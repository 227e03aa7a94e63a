"""Proves an `EffectSource`: what happens is counted once, with its key, and nothing else is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from stormproof.effects.source import EffectSource
from stormproof.history import Effect, Refusal
from stormproof.spec.workload import key
from stormproof.testing.claims import claim, raising_nothing

Make = Callable[[Callable[[Effect | Refusal], None], float], EffectSource]
Cause = Callable[[Mapping[str, str], str], object]

_STILL_S = 0.3
"""For so long nothing more may be counted after the last effect: what is counted a second time comes at once."""


def check_effects(make: Make, cause: Cause, *, within_s: float = 10.0) -> None:
    """Prove the source that `make` makes of `add` and `t0`.

    `cause` makes one effect happen for a key, as the system would: it is given the values of the source's placeholders, blocks until it has
    happened, and raises where it cannot happen. It is called in a thread. `within_s`: until when an effect is counted. Call it where no
    event loop runs. Raises AssertionError.
    """
    asyncio.run(_Effects(make, cause, within_s).check())


class _Effects:
    def __init__(self, make: Make, cause: Cause, within_s: float) -> None:
        self._cause, self._within_s = cause, within_s
        self._t0 = time.monotonic()
        self._counted: list[Effect | Refusal] = []
        self._source = make(self._counted.append, self._t0)
        self._other = make(self._counted.append, self._t0)
        self._wanted: list[str] = []

    async def check(self) -> None:
        """All of it, in one life of two sources."""
        source, other = self._source, self._other
        source.as_described = other.as_described = frozenset[str]()
        with raising_nothing("stop, before the source has started,"):
            source.stop()
        try:
            with raising_nothing("start"):
                await source.start()
                await other.start()
            self._values()
            await self._effects()
            await self._fault()
        finally:
            source.stop()
            other.stop()
        await asyncio.sleep(_STILL_S)
        self._all_counted("after the end")

    def _values(self) -> None:
        source, other = self._source, self._other
        claim(
            set(source.values) == set(source.placeholders),
            f"its placeholders are {sorted(source.placeholders)}, and its values are called {sorted(source.values)}",
        )
        claim(all(source.values.values()), f"a value is empty: {dict(source.values)}")
        claim(source.values != other.values, f"two sources of one machine are in one place: {dict(source.values)}")
        claim(not self._counted, f"something is counted that did not happen: {self._counted[:1]}")

    async def _effects(self) -> None:
        first, second = key("c0de", 1), key("c0de", 12345)
        for name in (first, second, first):
            await self._caused(name)
        claim(
            all(isinstance(each, Effect) for each in self._counted),
            f"an effect is counted as something else: {self._counted}",
        )
        late = [each for each in self._counted if not 0 <= each.t <= time.monotonic() - self._t0]
        claim(not late, f"the time of an effect is not that since t0 of time.monotonic(): {late[:1]}")
        compared = [each for each in self._counted if isinstance(each, Effect) and (each.compared or each.lacks)]
        claim(not compared, f"an effect is compared though its key is not in as_described: {compared[:1]}")
        keys = [each.others for each in self._counted if isinstance(each, Effect) and each.others]
        claim(not keys, f"an effect of one submission names others: {keys[:1]}")

    async def _fault(self) -> None:
        values = dict(self._source.values)
        self._source.stop()
        happened = await self._happens(key("c0de", 2))
        claim(not happened, "after stop an effect can still be caused")
        with raising_nothing("a second stop"):
            self._source.stop()
        with raising_nothing("start, after stop,"):
            await self._source.start()
        claim(
            dict(self._source.values) == values,
            f"after stop and start it is in another place, which nobody tells the system: {values} became {dict(self._source.values)}",
        )
        await self._caused(key("c0de", 3))

    async def _caused(self, name: str) -> None:
        """Cause one more effect, and see it counted once."""
        before = len(self._counted)
        with raising_nothing(f"cause, of {name},"):
            await asyncio.to_thread(self._cause, self._source.values, name)
        self._wanted.append(name)
        deadline = time.monotonic() + self._within_s
        while len(self._counted) == before and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        claim(len(self._counted) > before, f"an effect that happened is not counted: that of {name}")
        self._all_counted(f"after that of {name}")

    async def _happens(self, name: str) -> bool:
        try:
            async with asyncio.timeout(self._within_s):
                await asyncio.to_thread(self._cause, self._source.values, name)
        except Exception:  # whatever the client says of what is not there
            return False
        return True

    def _all_counted(self, when: str) -> None:
        found = [each.key for each in self._counted]
        for name in sorted({*found, *self._wanted}):
            wanted, got = self._wanted.count(name), found.count(name)
            said = f"{when}, {got} effects are counted for the key {name!r} where {wanted} happened"
            claim(wanted == got, said)


if TYPE_CHECKING:
    from stormproof.effects.smtp.source import SmtpSource

    _smtp: type[EffectSource] = SmtpSource
