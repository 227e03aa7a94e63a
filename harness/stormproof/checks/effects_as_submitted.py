"""Is what reached the outside world what was submitted, and did it reach whom it was for?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import Effect, History


@dataclass(frozen=True, slots=True)
class EffectsAsSubmitted:
    """The effect of a submission contains what the system's description says, whole, and goes to its own recipient alone.

    `to`: the recipient, with `{key}` for the submission's key (empty: it is not promised). What an effect should contain is compared where
    it happens, and the history tells what is not there. A submission that somebody else has made, and not as the description says, may
    contain what it likes. Observes the effects of submitted keys. Findings:

    effect_differs: an effect does not contain what was submitted, or only the beginning of it
    effect_misdirected: an effect went to somebody else, or to others, too
    """

    to: str = ""

    name: ClassVar[str] = "effects_as_submitted"
    kinds: ClassVar[Kinds] = {
        "effect_differs": Category.UNTRUE,
        "effect_misdirected": Category.UNTRUE,
    }

    def __call__(self, history: History) -> Verdict:
        """Judge one history."""
        facts = Facts.of(history)
        effects = [line for line in history.of(Effect) if line[1].key in facts.keys]
        findings = [finding for line in effects if line[1].compared for finding in self._findings(*line)]
        return Verdict.of(self.name, findings, observed=len(effects))

    def _findings(self, index: int, effect: Effect) -> Iterator[Finding]:
        happened = f"{effect.key}: the effect at {effect.t:.1f} s"
        others = f"; it names {', '.join(effect.others)}" if effect.others else ""
        if effect.lacks:
            message = f"{happened} lacks what was submitted: {'; '.join(effect.lacks)}{others}"
            yield Finding(kind="effect_differs", message=message, evidence=(index,), key=effect.key)
        wanted = self.to.replace("{key}", effect.key)
        if wanted and effect.recipient.casefold() != wanted.casefold():
            message = f"{happened} went to {effect.recipient or 'nobody'}, and was for {wanted}"
            yield Finding(kind="effect_misdirected", message=message, evidence=(index,), key=effect.key)
