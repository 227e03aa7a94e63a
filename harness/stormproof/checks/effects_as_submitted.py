"""Does each effect contain what was submitted, and reach the right recipient?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from stormproof.checks.facts import Facts
from stormproof.checks.verdict import Category, Finding, Kinds, Verdict
from stormproof.history import Effect, History


@dataclass(frozen=True, slots=True)
class EffectsAsSubmitted:
    """The effect of a submission contains everything that the system's description names, and goes only to its own recipient.

    `to`: the recipient, with `{key}` for the submission's key (empty: none is promised). The content is compared where the
    effect happens, and the history records what is missing. A submission that the harness did not make, and that does not
    follow the description, may contain anything. Observes the effects of submitted keys. Findings:

    effect_differs: an effect does not contain what was submitted, or only the beginning of it
    effect_misdirected: an effect went to another recipient, or to others as well
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
