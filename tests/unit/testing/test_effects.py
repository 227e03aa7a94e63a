"""The kit for sources of effects: the mail server passes, and each planted mistake is named."""

from __future__ import annotations

import smtplib
from collections.abc import Callable, Mapping
from email.message import EmailMessage

import msgspec
import pytest
from stormproof.effects.smtp.server import Normal
from stormproof.effects.smtp.source import SmtpSource
from stormproof.history import Effect, Refusal
from stormproof.spec.system import System
from stormproof.testing import check_effects

SYSTEM = System.model_validate(
    {
        "name": "mine",
        "redis": {"broker": {}},
        "results": None,
        "components": {"api": {"role": "api", "command": ["api"]}},
        "submit": {"path": "/tasks/{key}"},
        "status": {"path": "/tasks/{task_id}"},
        "promises": {"effects": "once", "effects_contain": ["{text}"]},
    }
)
Add = Callable[[Effect | Refusal], None]


def mail(values: Mapping[str, str], key: str) -> None:
    message = EmailMessage()
    message["From"], message["To"] = "noreply@example.com", f"{key}@example.org"
    message.set_content("a message")
    with smtplib.SMTP(values["smtp.host"], int(values["smtp.port"]), timeout=3) as client:
        client.send_message(message)


class Source(SmtpSource):
    """Of the system above."""

    def __init__(self, add: Add, t0: float) -> None:
        super().__init__(SYSTEM, add, t0)


def test_the_mail_server_is_a_source_of_effects() -> None:
    check_effects(Source, mail)


class CountsTwice(Source):
    def __init__(self, add: Add, t0: float) -> None:
        def twice(event: Effect | Refusal) -> None:
            add(event)
            add(event)

        super().__init__(twice, t0)


class CountsNothing(Source):
    def __init__(self, add: Add, t0: float) -> None:
        super().__init__(lambda event: None, t0)


class KnowsEachOnce(Source):
    """A second effect of the same key is not counted."""

    def __init__(self, add: Add, t0: float) -> None:
        seen: set[str] = set()

        def once(event: Effect | Refusal) -> None:
            if event.key not in seen:
                seen.add(event.key)
                add(event)

        super().__init__(once, t0)


class KnowsNoKey(Source):
    def __init__(self, add: Add, t0: float) -> None:
        super().__init__(lambda event: add(msgspec.structs.replace(event, key="")), t0)


class TellsTheTimeOfDay(Source):
    def __init__(self, add: Add, t0: float) -> None:
        super().__init__(lambda event: add(msgspec.structs.replace(event, t=event.t + t0)), t0)


class NeverStops(Source):
    stops = 0

    def stop(self) -> None:
        self.stops += 1
        if self.stops != 2:  # The first is before it has started, the last at the end.
            super().stop()


class MovesAway(Source):
    async def start(self) -> None:
        self.port = 0
        await super().start()


class CountsAConnection(Source):
    """What happens when it starts counts."""

    async def start(self) -> None:
        await super().start()
        self._callback(Effect(t=0.0, key="storm-c0de-0001"))


class HasOtherNames(Source):
    placeholders = ("smtp.host", "smtp.socket")


class ComparesEveryText(Source):
    async def start(self) -> None:
        await super().start()
        self.as_described = {"storm-c0de-0001"}
        await self.set_mode(Normal())


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        (CountsTwice, "^after that of storm-c0de-0001, 2 effects are counted for the key 'storm-c0de-0001' where 1 happened$"),
        (CountsNothing, "^an effect that happened is not counted: that of storm-c0de-0001$"),
        (KnowsEachOnce, "^an effect that happened is not counted: that of storm-c0de-0001$"),
        (KnowsNoKey, "^after that of storm-c0de-0001, 1 effects are counted for the key '' where 0 happened$"),
        (TellsTheTimeOfDay, "^the time of an effect is not that since t0 of time.monotonic"),
        (NeverStops, "^after stop an effect can still be caused$"),
        (MovesAway, "^after stop and start it is in another place"),
        (CountsAConnection, "^something is counted that did not happen"),
        (HasOtherNames, r"^its placeholders are \['smtp.host', 'smtp.socket'\], and its values are called \['smtp.host', 'smtp.port'\]$"),
        (ComparesEveryText, "^an effect is compared though its key is not in as_described"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else "",
)  # fmt: skip
def test_a_source_with_a_mistake_is_told_which(source: type[Source], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        check_effects(source, mail, within_s=1.0)
