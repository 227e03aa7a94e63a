"""E-mails as effects: each one that a real SMTP server has accepted."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from stormproof.effects.smtp.server import SmtpServer
from stormproof.history import Effect, Refusal
from stormproof.spec.system import System


class SmtpSource(SmtpServer):
    """The mail server of a run."""

    placeholders: ClassVar[tuple[str, ...]] = ("smtp.host", "smtp.port")

    def __init__(self, system: System, add: Callable[[Effect | Refusal], None], t0: float) -> None:
        super().__init__(add, t0, contain=system.promises.effects_contain)
