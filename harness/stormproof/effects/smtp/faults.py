"""Break the mail server that the system sends to, as an outage at a provider does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Literal

from stormproof.effects.smtp import server as effects
from stormproof.spec.fault import Evidence, Fault, Target
from stormproof.spec.system import System


async def _refused(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return True
    writer.close()
    return False


Mode = Literal["refuse", "silent", "slow", "slow_to_accept", "reject", "hold", "drop_after_data"]


class Mail(Fault, frozen=True, kw_only=True, tag="mail"):
    """`refuse` connections, accept them and stay `silent` forever, answer `slow`ly (`delay_s`), be `slow_to_accept`
    messages (`delay_s`), `reject` recipients with `code`, `hold` the conversation, or `drop_after_data` (delivered, but
    never confirmed). `place`: only that submission.

    Healed by answering normally again; connections that got no answer stay silent.
    """

    mode: Mode
    place: int | None = None
    delay_s: float = 1.0
    code: int = 451

    @classmethod
    def offers(cls, system: System) -> Iterable[Fault]:
        modes: tuple[Mode, ...] = ("refuse", "silent", "slow", "reject", "drop_after_data")
        return [cls(mode=mode) for mode in modes if system.effects_expected]

    @property
    def target(self) -> str:
        return "mail"

    def why_not(self, system: System) -> str:
        """The mail server is the harness's own; a system that does not know its address sends nothing there."""
        return "" if system.names("{smtp.") else "it does not use {smtp.host} and {smtp.port}"

    @asynccontextmanager
    async def strike(self, target: Target) -> AsyncIterator[Evidence]:
        await target.effects.set_mode(self._mode("" if self.place is None else target.key(self.place)))

        async def evidence() -> str:
            if self.mode == "refuse":  # Only the client sees a refused connection, so be one.
                return f"port {target.effects.port} refuses connections" if await _refused(target.effects.port) else ""
            return f"{self.mode}: struck {target.effects.bites} times" if target.effects.bites else ""

        try:
            yield evidence
        finally:
            await target.effects.set_mode(effects.Normal())

    def _mode(self, key: str) -> effects.Mode:
        modes: dict[Mode, effects.Mode] = {
            "refuse": effects.Refuse(),
            "silent": effects.Silent(),
            "slow": effects.Slow(self.delay_s),
            "slow_to_accept": effects.SlowToAccept(self.delay_s),
            "reject": effects.Reject(self.code, key),
            "hold": effects.Hold(key),
            "drop_after_data": effects.DropAfterData(key),
        }
        return modes[self.mode]


ALL: tuple[type[Fault], ...] = (Mail,)
