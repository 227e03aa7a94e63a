"""Counts the frames that a trigger selects, and decides which of them a fault meets."""

from __future__ import annotations

import random
from collections.abc import Callable

from stormproof.spec.trigger import Moment, Trigger

Knows = Callable[[int], frozenset[str]]
"""The known key and task ids of the submission at a place."""


class Counter:
    """Counts the frames that fit one trigger, over all links, and decides which of them the fault meets."""

    def __init__(self, trigger: Trigger, dice: random.Random, knows: Knows) -> None:
        self.trigger, self._dice, self._knows = trigger, dice, knows
        self.seen = self.met = 0

    @property
    def spent(self) -> bool:
        """Whether no further frame can be met."""
        return 0 < self.trigger.times <= self.met

    def meets(self, moment: Moment) -> bool:
        """Count a frame and return whether the fault meets it."""
        trigger = self.trigger
        if self.spent or not trigger.fits(moment) or not self._speaks_of_it(moment):
            return False
        self.seen += 1
        if self.seen < trigger.nth or (trigger.probability < 1 and self._dice.random() >= trigger.probability):
            return False
        self.met += 1
        return True

    def _speaks_of_it(self, moment: Moment) -> bool:
        place = self.trigger.place
        return place is None or not self._knows(place).isdisjoint(moment.ids)
