"""Text and bytes."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

_MEGABYTE = 2**20
_LOOKALIKES = "true null NaN Infinity ~ yes 1 1e3 1_000 0x10 010 1:30 2024-10-27 .nan << = - # & * ! !!python/none | > % @ ` --- ... [] {} ,"
_HARD = [
    "\u05d0\u05d1",
    "\u202eabc",
    "e\u0301",
    "\U0001f469\u200d\U0001f4bb",
    "\ufeff",
    "\uffff",
    "\U0010ffff",
    "ﷺ",
    "ß",
]


def plain_texts() -> SearchStrategy[str]:
    """Printable ASCII, with quotes and backslashes."""
    return st.text(st.characters(min_codepoint=32, max_codepoint=126))


def texts_of_any_script() -> SearchStrategy[str]:
    """Right-to-left letters and marks that turn the direction, combining characters, emoji of several code points, the byte order mark,
    code points that are no characters: what normalizes, trims or counts bytes changes them.
    """
    any_script = st.text(st.characters(exclude_categories=("Cs", "Cc")))
    return st.builds("".join, st.tuples(any_script, st.sampled_from(_HARD), any_script)) | any_script


def texts_with_control_characters() -> SearchStrategy[str]:
    """NUL, which ends a text of C, and line ends of all sorts, which readers make one of."""
    others: SearchStrategy[str] = st.characters(categories=["Cc"])
    controls = others | st.sampled_from(["\0", "\r\n", "\r", "\n", "\t", "\x7f", "\x85", "\u2028", "\x1b[2J", " \n"])
    return st.builds("".join, st.tuples(plain_texts(), controls, plain_texts()))


def texts_that_look_like_something_else() -> SearchStrategy[str]:
    """`"true"`, `"1e3"`, `"2024-10-27"`, `"<<"`: a format that guesses types, as YAML does, must quote them."""
    return st.sampled_from(_LOOKALIKES.split())


def lone_surrogates() -> SearchStrategy[str]:
    """Half a character, for which UTF-8 has no bytes: from file names, and from JSON that was cut in two."""
    halves = st.characters(categories=["Cs"])
    return st.builds("".join, st.tuples(plain_texts(), halves, plain_texts()))


def surrogate_pairs() -> SearchStrategy[str]:
    """Two halves beside each other that are not one character yet: two code points here, one after a way through UTF-16."""
    high, low = (
        st.characters(min_codepoint=0xD800, max_codepoint=0xDBFF),
        st.characters(min_codepoint=0xDC00, max_codepoint=0xDFFF),
    )
    return st.builds("".join, st.tuples(plain_texts(), high, low, plain_texts()))


def megabyte_texts() -> SearchStrategy[str]:
    """A million characters, half of them such that are quoted, half of several bytes."""
    return st.builds(lambda: 'é"' * (_MEGABYTE // 2))


def utf8_bytes() -> SearchStrategy[bytes]:
    """Bytes that are UTF-8, and so may come back as text."""
    return st.text(max_size=20).map(str.encode)


def other_bytes() -> SearchStrategy[bytes]:
    """Bytes that are no UTF-8."""
    never = st.sampled_from([b"\xff", b"\xc0"])  # No character has these.
    return st.builds(b"".join, st.tuples(st.binary(max_size=9), never, st.binary(max_size=9)))


def bytearrays() -> SearchStrategy[bytearray]:
    """Bytes that may be changed in place."""
    return st.binary(max_size=20).map(bytearray)


def memoryviews() -> SearchStrategy[memoryview]:
    """A look into somebody's bytes."""
    return st.binary(max_size=20).map(memoryview)
