"""The rules that are armed on a link, and what they have met."""

from __future__ import annotations

import random
from collections.abc import Callable

from stormproof.spec.trigger import Moment
from stormproof.wire.actions import Action, Ask
from stormproof.wire.counter import Counter
from stormproof.wire.faults import WireFault

Decide = Callable[[bool], None]
"""Called once the harness has struck, with whether the waiting frame goes on."""


class Rule:
    """One armed fault, on one link or on several.

    If `fault` is None, the harness strikes something else at this moment, and the frame waits for `asked` to decide. If
    it is `passive`, nothing waits and `asked` is only notified.

    `hits`: how many frames and connections it has met; `last`: what it met last.
    """

    def __init__(
        self,
        injection: str,
        fault: WireFault | None,
        counter: Counter | None,
        dice: random.Random,
        asked: Callable[[Moment, Decide], None] = lambda moment, decide: decide(True),
        *,
        passive: bool = False,
    ) -> None:
        self.injection, self.fault, self.dice, self.asked, self.passive = injection, fault, dice, asked, passive
        self._counter = counter
        self.hits = 0
        self.last = ""

    @property
    def at_once(self) -> bool:
        """Whether it strikes connections, old and new, and waits for no frame."""
        return self._counter is None

    @property
    def name(self) -> str:
        """The fault's name in the history."""
        return self.fault.name if self.fault else "held"

    def meets(self, moment: Moment) -> bool:
        """Count this frame and return whether the rule meets it."""
        return self._counter is not None and self._counter.meets(moment)

    def hit(self, what: str) -> None:
        """Record that it has met something."""
        self.hits += 1
        self.last = what

    def actions(self, moment: Moment | None) -> list[Action]:
        """The actions to take."""
        return [Ask()] if self.fault is None else self.fault.meet(moment, self.dice)


Watch = Callable[[Moment, str, str], None]
"""Called for each frame with its fate (`passed` or the name of a fault), and the injection that met it."""


class Rules:
    """The rules that are armed on one link. If `watch` is None, nothing observes the frames, and they need no names
    while nothing is armed.
    """

    def __init__(self) -> None:
        self.armed: list[Rule] = []
        self.watch: Watch | None = None
        self.notice: Callable[[str], None] = lambda text: None
        self.quiet = True
        """Whether frames may go on unobserved."""

    def arm(self, rule: Rule) -> None:
        """Put a rule in force."""
        self.armed.append(rule)
        self.quiet = False

    def disarm(self, rule: Rule) -> None:
        """Take a rule out of force."""
        self.armed.remove(rule)
        self.quiet = not self.armed and self.watch is None

    def observe(self, watch: Watch) -> None:
        """Call `watch` for each frame."""
        self.watch = watch
        self.quiet = False

    def meeting(self, moment: Moment) -> Rule | None:
        """The first rule that meets a frame; it acts. Every rule counts the frame."""
        acting: Rule | None = None
        for rule in self.armed:
            if not rule.meets(moment):
                continue
            if rule.passive:
                rule.asked(moment, _nothing_waits)
            elif acting is None:
                acting = rule
                rule.hit(str(moment))
        return acting


def _nothing_waits(goes_on: bool) -> None:
    """The decision callback for a frame that goes on anyway."""
