"""Finds the smallest values of a place that do not arrive unchanged, one for each way in which they differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import Phase, Verbosity, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from stormproof.checks.verdict import Status
from stormproof.serializers.annotations import Derivation
from stormproof.serializers.passing import Outcome, outcomes
from stormproof.serializers.place import Kind, Place, Verdict

_MOST_WAYS = 8
_NAMES = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
_WORST_FIRST = list(Verdict)


@dataclass(frozen=True, slots=True)
class Found:
    """`what` is alike for alike findings, and what `expect` accepts; `said` has the smallest example, too."""

    verdict: Verdict
    what: str
    said: str
    expected: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """`found`: a finding for each way in which values do not arrive, the worst first. `tried` counts the values of the last search, which
    found no further way.
    """

    place: Place
    found: tuple[Found, ...] = ()
    tried: int = 0

    @property
    def verdict(self) -> Verdict:
        """The worst of what was not expected."""
        return next((each.verdict for each in self.found if not each.expected), Verdict.SURVIVES)

    @property
    def status(self) -> Status:
        """That of its verdict."""
        return self.verdict.status

    @property
    def lines(self) -> list[str]:
        """What was not expected, in words: the place, its serializer, what happens, and the smallest example. What is not known as well
        is left out where something is.
        """
        said = [each for each in self.found if not each.expected]
        certain = [each for each in said if each.verdict is not Verdict.UNKNOWN]
        return [f"{self.place}: {self.place.serializer}: {each.said}" for each in certain or said]


def judge(place: Place, examples: int, seed: int, expected: Iterable[str] = ()) -> Judged:
    """Search `examples` values for each way in which they do not arrive unchanged. The same `seed` finds the same values.

    `expected` are the ways (`what`) that are accepted. It is a finding if one of them does not occur. A crash is unknown.
    """
    wanted = set(expected)
    if place.settled is not None:
        found, tried = [Found(place.settled.verdict, place.settled.what, place.settled.what)], 0
    else:
        found, tried = _searched(place, examples, seed, wanted)
    gone = [
        Found(Verdict.OUTDATED, what, f"expected {what!r}, which does not happen any more: take it out")
        for what in sorted(wanted - {each.what for each in found})
    ]
    marked = [Found(each.verdict, each.what, each.said, expected=each.what in wanted) for each in found] + gone
    return Judged(place, tuple(sorted(marked, key=lambda each: _WORST_FIRST.index(each.verdict))), tried)


def _searched(place: Place, examples: int, seed: int, wanted: set[str]) -> tuple[list[Found], int]:
    derivation = Derivation()
    try:
        values = _as_sent(place.kind, derivation.of(place.annotation))
        search = _Search(place, values, examples, seed, hollow=derivation.hollow)
        found = [Found(each.verdict, each.what, str(each)) for each in search.ways(wanted)]
    except Unsatisfiable:
        return [_unknown("no value of it could be drawn: its own rules reject all that was tried")], 0
    except Exception as error:  # NotDerivableError, and whatever a user's own types raise.
        said = str(error).partition("\n")[0]
        return [
            _unknown(said if type(error).__module__.startswith("stormproof") else f"{type(error).__name__}: {said}")
        ], 0
    if derivation.doubts:
        count = f"{search.tried} value{'s' * (search.tried != 1)}"
        rest = f"nothing else is wrong in {count}" if found else f"{count} survive{'s' * (search.tried == 1)}"
        found.append(_unknown(f"{'; '.join(derivation.doubts)}; {rest}"))
    return found, search.tried


def _unknown(why: str) -> Found:
    return Found(Verdict.UNKNOWN, "unknown", f"unknown: {why}")


def _as_sent(kind: Kind, values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    if kind is Kind.REST:
        return st.lists(values, max_size=3)
    return st.dictionaries(_NAMES, values, max_size=3) if kind is Kind.NAMED_REST else values


class _Drawn:
    """Keeps a value from Hypothesis, which would print it by its `repr`: a user's may raise."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "a value"


@st.composite
def _kept(draw: st.DrawFn, values: SearchStrategy[Any]) -> _Drawn:
    return _Drawn(draw(values))  # Not by `map`, which is printed as what it does.


class _Search:
    """Of the values of one place; `tried` counts those of the last search."""

    def __init__(self, place: Place, values: SearchStrategy[Any], examples: int, seed: int, *, hollow: bool) -> None:
        self._place, self._values, self._seed, self._hollow = place, values, seed, hollow
        self._settings = settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=False,
            phases=[Phase.generate, Phase.shrink],
            verbosity=Verbosity.quiet,
        )
        self.tried = 0

    def ways(self, wanted: set[str]) -> list[Outcome]:
        """All ways in which values do not arrive, each with its smallest value; where there are very many, those that are wanted are
        among them.
        """
        found: dict[str, Outcome] = {}
        while len(found) < _MOST_WAYS:
            smallest = self._smallest(lambda what: what not in found)
            if smallest is None:
                return list(found.values())
            found[smallest.what] = smallest
        asked = [self._smallest(what.__eq__) for what in sorted(wanted - set(found))]
        return [*found.values(), *filter(None, asked)]

    def _smallest(self, is_it: Callable[[str], bool]) -> Outcome | None:
        last: list[Outcome] = []
        self.tried = 0

        def happens(drawn: _Drawn) -> bool:
            self.tried += 1
            hits = [
                each for each in outcomes(self._place, drawn.value) if is_it(each.what) and not self._is_our_own(each)
            ]
            last[:] = hits or last
            return bool(hits)

        try:
            find(_kept(self._values), happens, settings=self._settings, random=Random(self._seed))
        except NoSuchExample:
            return None
        return last[0]

    def _is_our_own(self, outcome: Outcome) -> bool:
        """The serializer is not to blame for what an instance without attributes lacks."""
        return self._hollow and outcome.what == "refused: AttributeError"
