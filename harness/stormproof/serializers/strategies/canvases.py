"""Canvases: signatures, and what Celery makes of several: chains, groups, chords, maps."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import celery
from celery import canvas
from celery.exceptions import CPendingDeprecationWarning
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from stormproof.serializers.strategies.texts import plain_texts

_TASKS = ("mail.send", "mail.sent", "mail.failed", "books.close")
_OPTIONS: tuple[dict[str, Any], ...] = (
    {"priority": 9},
    {"countdown": 60},
    {"expires": 0.5},
    {"ignore_result": True},
    {"time_limit": 5, "soft_time_limit": 4},
    {"shadow": "mail.send \u202e"},
    {"headers": {"trace": "00-ab", "größe": None}},
)
_MOST = 3
_MOST_LEAVES = 5


def signatures(arguments: SearchStrategy[Any] | None = None) -> SearchStrategy[Any]:
    """Of one task, by its name: with `arguments` (a few plain ones, where not given), execution options, callbacks and errbacks,
    immutable or not.

    The callbacks go out within the message, as signatures within a signature: what encodes the one and not the other loses them.
    """
    plain = _plain(_arguments() if arguments is None else arguments)
    return st.builds(_linked, plain, st.lists(plain, max_size=2), st.lists(plain, max_size=2))


def chains(links: SearchStrategy[Any] | None = None) -> SearchStrategy[Any]:
    """One to three `links` (signatures, where not given), one after another, with a callback of the last and an errback of all
    of them, or without, immutable or not.

    Only the first goes out; the others are within its message, last first.
    """
    rows = st.lists(signatures() if links is None else links, min_size=1, max_size=_MOST)
    link = st.none() | _plain(_arguments())
    return st.builds(_chained, rows, link, link, st.booleans())


def groups(members: SearchStrategy[Any] | None = None, *, least: int = 0) -> SearchStrategy[Any]:
    """`least` to three `members` (signatures, where not given) beside each other. A group of none is a no-op, of one is that one."""
    rows = st.lists(signatures() if members is None else members, min_size=least, max_size=_MOST)
    return rows.map(celery.group)


def chords(members: SearchStrategy[Any] | None = None) -> SearchStrategy[Any]:
    """One to three `members` (signatures, where not given) beside each other, and a signature that waits for all of them.

    The latter goes out within the message of each of the former.
    """
    headers = st.lists(signatures() if members is None else members, min_size=1, max_size=_MOST)
    return st.builds(celery.chord, headers, signatures())


def maps() -> SearchStrategy[Any]:
    """`map`, `starmap` and `chunks`: a signature within the arguments of one of Celery's own tasks."""
    rows = st.lists(_arguments(), max_size=_MOST)
    star_rows = st.lists(st.lists(_arguments(), max_size=2), max_size=_MOST)
    return st.one_of(
        st.builds(canvas.xmap, _plain(_arguments()), rows),
        st.builds(canvas.xstarmap, _plain(_arguments()), star_rows),
        st.builds(canvas.chunks, _plain(_arguments()), star_rows, st.integers(1, 3)),
    )


@st.composite
def canvases(draw: st.DrawFn) -> Any:
    """Any of these, nested: chains of groups (which Celery makes chords), chords in groups, groups in groups, maps in chains.

    Without groups of none, of which Celery cannot build all of these.
    """
    return draw(_any())


@functools.cache
def _any() -> SearchStrategy[Any]:
    return st.recursive(
        signatures() | maps(),
        lambda inner: chains(inner) | groups(inner, least=1) | chords(inner),
        max_leaves=_MOST_LEAVES,
    )


def _arguments() -> SearchStrategy[Any]:
    """What hurts as a value hurts by itself: see `json_values`. Here it would take most of the time."""
    return st.none() | st.booleans() | st.integers() | plain_texts() | st.lists(st.integers(), max_size=2)


def _plain(arguments: SearchStrategy[Any]) -> SearchStrategy[Any]:
    """Without callbacks."""
    return st.builds(
        celery.Signature,
        st.sampled_from(_TASKS),
        args=st.lists(arguments, max_size=2),
        kwargs=st.dictionaries(st.sampled_from(["to", "text", "größe"]), arguments, max_size=2),
        options=_options(),
        immutable=st.booleans(),
    )


def _options() -> SearchStrategy[dict[str, Any]]:
    """None or one of those that programs give."""
    return st.sampled_from([{}, *_OPTIONS]).map(dict)


def _linked(signature: Any, callbacks: list[Any], errbacks: list[Any]) -> Any:
    for callback in callbacks:
        signature.link(callback)
    for errback in errbacks:
        signature.link_error(errback)
    return signature


def _chained(links: list[Any], callback: Any, errback: Any, immutable: bool) -> Any:
    with warnings.catch_warnings():  # Of a setting of whatever app is current, which is not what is drawn.
        warnings.simplefilter("ignore", CPendingDeprecationWarning)
        chain = celery.chain(*links)
    if not isinstance(chain, canvas._chain):  # Celery has made something else of it, as a chord of a group and a task.
        return chain
    if callback is not None:
        chain.link(callback)
    if errback is not None:
        chain.link_error(errback)
    return chain.set(immutable=immutable)
