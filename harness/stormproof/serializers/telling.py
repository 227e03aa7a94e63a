"""The findings of a place in words for people, and what to do about them."""

from __future__ import annotations

from stormproof.serializers import models
from stormproof.serializers.judging import Judged
from stormproof.serializers.place import Kind, Verdict

_MENDS = {
    Verdict.CHANGES: "annotate and send what {serializer} has (a list, text in ISO 8601, a TypedDict); a change that does no harm is "
    "accepted with expect: {key}={what}",
    Verdict.UNREADABLE: "the receiver throws it away: narrow the annotation (a TypedDict or a model for a dict), or choose another "
    "serializer",
    Verdict.REFUSED: "send an id or plain values; a model as such with @app.task(pydantic=True)",
    Verdict.UNKNOWN: "annotate it with a type that says what is sent, or tell Hypothesis: register_type_strategy",
    Verdict.OUTDATED: "take it out of what is expected",
}
_FAILS_LATE = "the work is done when this fails: return plain values, or a model with @app.task(pydantic=True)"
_HANDLED = "Celery dumps a model that is the whole argument, and equal when it is validated again: send plain values, or such a model"
_ACCEPT = "name it in {setting}, or choose a serializer that is accepted"


def lines(judged: Judged) -> list[str]:
    """Return a line for each thing that is wrong or unknown, and one with the fix for the worst; no lines if all is well."""
    if judged.verdict in _MENDS:
        return [*judged.lines, f"    mend: {_mend(judged)}"]
    return []


def summary(judged: Judged) -> str:
    """Return what happens at the place, for a table, without examples."""
    certain = [each for each in judged.found if each.expected or each.verdict is not Verdict.UNKNOWN]
    own = f"{judged.verdict.value}: "
    ways = [f"{each.what.removeprefix(own)}{' (expected)' * each.expected}" for each in certain]
    return ", ".join(ways) if judged.found else f"{judged.tried} value{'s' if judged.tried != 1 else ''}"


def _mend(judged: Judged) -> str:
    place = judged.place
    worst = next(each for each in judged.found if not each.expected)
    verdicts = {each.verdict for each in judged.found if not each.expected}
    mend = _MENDS[Verdict.UNREADABLE if Verdict.UNREADABLE in verdicts else judged.verdict]
    if place.settled is not None and judged.verdict is Verdict.UNREADABLE:
        mend = _ACCEPT
    elif judged.verdict is Verdict.REFUSED and place.kind is Kind.RESULT:
        mend = _FAILS_LATE
    elif judged.verdict is Verdict.REFUSED and models.handles_models(place.task):
        mend = _HANDLED
    setting = "result_accept_content" if place.kind is Kind.RESULT else "accept_content"
    return mend.format(serializer=place.serializer, key=place.key, what=worst.what, setting=setting)
