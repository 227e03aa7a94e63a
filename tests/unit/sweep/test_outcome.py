"""What became of a task, in one word: each word has a literal slice that must give it."""

from __future__ import annotations

from typing import Any

import pytest
import stored
from stormproof import history as h
from stormproof.checks import category
from stormproof.checks.suite import checks_of_tasks
from stormproof.checks.verdict import Category
from stormproof.spec.system import System
from stormproof.sweep.outcome import BROKEN, MEANINGS, WORDS, Outcome, Word, outcome

KEY, NEXT = "storm-00ab-0001", "storm-00ab-0002"
SYSTEM = System.model_validate({**stored.SYSTEM, "promises": {"effects": "once"}})
HIT = (
    h.Fault(t=1.0, fault="c", name="reset", stage="injected", target="link of worker"),
    h.Fault(t=1.2, fault="c", name="reset", stage="bit", target="link of worker"),
    h.Fault(t=1.2, fault="c", name="reset", stage="healed", target="link of worker"),
)
QUIET = h.Quiescence(t=5.0, proved=True)


def submitted(op: int, key: str, took_s: float = 0.1, **more: Any) -> tuple[h.AnyEvent, ...]:
    answer = {"outcome": "ok", "http_status": 202, "task_id": key[-1]} | more
    return h.Invoked(t=1.1, op=op, kind="submit", key=key), h.Returned(t=1.1 + took_s, op=op, **answer)


def line(word: h.ProbeWord, t: float = 1.5, key: str = KEY) -> h.Probe:
    return h.Probe(
        t=t,
        component="worker",
        pid=11,
        parent=10,
        word=word,
        task_id=key[-1],
        key=key,
        value="{}" if word == "succeeded" else "",
    )


def mail(t: float = 1.6, key: str = KEY) -> h.Effect:
    return h.Effect(t=t, key=key)


def in_hand(until_t: float) -> h.Quiescence:
    """The task, which started at 1.5 s, has not ended yet; the system promises to leave nothing alone for 12 s."""
    return h.Quiescence(t=until_t, proved=False, executing=1, in_hand=(KEY[-1],))


def read(state: str = "SUCCESS", op: int = 9, key: str = KEY) -> tuple[h.AnyEvent, ...]:
    done = state == "SUCCESS"
    phase = h.Phase(t=5.9, name="read")
    asked = h.Invoked(t=6.0, op=op, kind="status", key=key, task_id=key[-1])
    return (
        phase,
        asked,
        h.Returned(
            t=6.1,
            op=op,
            outcome="ok",
            http_status=200,
            task_id=key[-1],
            state=state,
            terminal=done,
            success=done,
            value="{}" if done else "",
        ),
    )


ONCE = (line("received"), line("started"), mail(), line("succeeded", 1.7))


def of(*events: h.AnyEvent | tuple[h.AnyEvent, ...], wedged: bool = False, life_s: float = 0.3) -> Outcome:
    flat: list[h.AnyEvent] = []
    for event in events:
        flat.extend(event if isinstance(event, tuple) else (event,))
    return outcome(h.History(flat), SYSTEM, KEY, wedged=wedged, life_s=life_s)


CASES: dict[Word, tuple[Any, ...]] = {
    Word.INTACT: (HIT, submitted(1, KEY), ONCE, QUIET, read()),
    Word.LOST: (HIT, submitted(1, KEY), line("received"), QUIET, read("PENDING")),
    Word.DOUBLED: (
        HIT,
        submitted(1, KEY),
        ONCE,
        line("started", 2.0),
        mail(2.1),
        line("succeeded", 2.2),
        QUIET,
        read(),
    ),
    Word.RAN_TWICE: (HIT, submitted(1, KEY), ONCE, line("started", 2.0), line("succeeded", 2.2), QUIET, read()),
    Word.HUNG: (HIT, submitted(1, KEY), line("started"), in_hand(until_t=14.0)),
    Word.STRANDED: (HIT, submitted(1, KEY), h.FastForward(t=1.3, store="broker", task_ids=("1",)), ONCE, QUIET, read()),
    Word.LATE: (HIT, submitted(1, KEY), line("received", 1.2), ONCE, QUIET, read()),
    Word.UNREADABLE: (HIT, submitted(1, KEY), ONCE, QUIET, read("PENDING")),
    Word.UNTRUE: (HIT, submitted(1, KEY), line("started"), mail(), line("failed"), QUIET, read()),
    Word.PHANTOM: (HIT, submitted(1, KEY), ONCE, line("started", key=NEXT), line("succeeded", key=NEXT), QUIET, read()),
    Word.UNSTEADY: (HIT, submitted(1, KEY), ONCE, read("STARTED", 7), read("PENDING", 8), QUIET, read()),
    Word.API_WRONG: (HIT, submitted(1, KEY, outcome="info", http_status=500, task_id=""), QUIET),
    Word.LEAKED: (
        h.Sample(t=1.0, store="broker", up=True, keys=3),
        HIT,
        submitted(1, KEY),
        ONCE,
        QUIET,
        h.Sample(t=5.1, store="broker", up=True, keys=9),
        read(),
    ),
    Word.DIED: (
        HIT,
        submitted(1, KEY),
        ONCE,
        h.Process(t=2.0, component="worker", role="worker", pid=10, word="gave_up", code=1),
        QUIET,
        read(),
    ),
    Word.UNKNOWN: (HIT[:1], submitted(1, KEY), ONCE, QUIET, read()),
}


AGAIN = (line("started", 2.0), mail(2.1), line("succeeded", 2.2))
FORWARDED = h.FastForward(t=1.3, store="broker", task_ids=("1",))


@pytest.mark.parametrize(
    ("events", "kinds"),
    [
        ((HIT, submitted(1, KEY), FORWARDED, ONCE, AGAIN, QUIET, read()), ["effect_doubled", "stranded"]),
        ((HIT, submitted(1, KEY), FORWARDED, ONCE, QUIET, read()), ["stranded"]),
        ((HIT, submitted(1, KEY), ONCE, AGAIN, QUIET, read("PENDING")), ["effect_doubled", "missing"]),
        ((HIT[:1], submitted(1, KEY, 3.0), FORWARDED, ONCE, QUIET, read()), ["stranded", "slow"]),
    ],
)
def test_what_is_said_of_the_worst_word_comes_first(events: tuple[Any, ...], kinds: list[str]) -> None:
    assert [said.partition(":")[0] for said in of(*events).said] == kinds


@pytest.mark.parametrize("word", [word for word in Word if word is not Word.WEDGED])
def test_each_word_has_a_slice_that_gives_it(word: Word) -> None:
    assert of(*CASES[word]).word is word


@pytest.mark.parametrize(
    ("events", "life_s"),
    [
        ((line("started"), in_hand(until_t=4.0)), 0.3),
        ((line("started"), in_hand(until_t=14.0)), 4.0),
        ((line("started"), line("received", 9.0), line("started", 9.1), in_hand(until_t=14.0)), 0.3),
        ((in_hand(until_t=14.0),), 0.3),
    ],
    ids=["it was just begun", "tasks take that long", "it was just begun again", "nobody knows since when"],
)
def test_a_task_that_is_still_in_hand_does_not_hang_before_it_has_had_its_time(
    events: tuple[h.AnyEvent, ...], life_s: float
) -> None:
    assert of(HIT, submitted(1, KEY), events, life_s=life_s).word is Word.UNKNOWN


def test_a_worker_that_takes_no_further_task_is_wedged_though_the_task_is_done() -> None:
    assert of(HIT, submitted(1, KEY), ONCE, read(), wedged=True).word is Word.WEDGED


def test_the_worst_word_comes_first_and_the_others_are_kept() -> None:
    found = of(
        HIT,
        submitted(1, KEY),
        ONCE,
        h.FastForward(t=1.3, store="broker", task_ids=("1",)),
        line("started", 2.0),
        mail(2.1),
        QUIET,
        read(),
    )
    assert found.word is Word.DOUBLED
    assert set(found.also) >= {Word.STRANDED, Word.RAN_TWICE}
    assert any(text.startswith("effect_doubled:") for text in found.said)


def test_what_is_not_proved_is_unknown_and_not_intact() -> None:
    assert of(HIT, submitted(1, KEY), ONCE, read()).word is Word.UNKNOWN


def test_a_refusal_with_a_date_for_the_next_try_is_in_order() -> None:
    assert (
        of(HIT, submitted(1, KEY, outcome="info", http_status=503, task_id="", retry_after=True), QUIET).word
        is Word.INTACT
    )


def test_every_kind_by_which_a_cell_is_judged_has_a_word() -> None:
    categories = {
        category: kind
        for check in checks_of_tasks(SYSTEM)
        for kind, category in check.kinds.items()
        if category is not Category.UNDECIDED
    }
    assert set(categories) == set(WORDS)


def test_a_kind_that_tells_of_no_result_is_not_called_unreadable() -> None:
    words = {kind: WORDS[category(kind)] for kind in ("phantom", "left_terminal", "repeated_in_calm", "invented")}
    assert words == {
        "phantom": Word.PHANTOM,
        "left_terminal": Word.UNSTEADY,
        "repeated_in_calm": Word.RAN_TWICE,
        "invented": Word.API_WRONG,
    }
    assert Word.UNSTEADY not in BROKEN


def test_every_word_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Word)
