"""The sources of the plots' data, and the colours and shapes that distinguish it."""

from __future__ import annotations

from stormproof.report.seconds import COLUMNS

BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#808080"
"""Colours of Okabe and Ito, which people with colour vision deficiency can distinguish; shapes and dashes repeat the distinction."""

SOURCES = {
    "seconds": COLUMNS,
    "windows": ("lane", "left", "right", "state"),
    "answers": ("t", "ms", "kind", "outcome", "colour", "marker"),
    "memory": ("ts", "mib", "name", "colour", "dash"),
    "tasks": ("lane", "left", "right", "state", "key", "task", "colour", "hatch", "height"),
}
"""The columns of each source."""

OUTCOMES = {"ok": (BLUE, "circle"), "fail": (ORANGE, "triangle"), "info": (RED, "x")}
"""Colour and marker of an answer."""

STATES = {
    "waiting": (GREY, " ", 0.3),
    "running": (BLUE, " ", 0.8),
    "redelivered": (ORANGE, "\\", 0.8),
    "died": (RED, "x", 0.8),
}
"""Colour, hatch and height of a stretch of a task's life: received and not started; started; started again; started and never ended."""

TRACKS = [(colour, dash) for dash in ("solid", "dashed", "dotted") for colour in (BLUE, ORANGE, GREEN, PINK)]
"""Colours and dashes of lines whose number is not known in advance."""

LANES = "lanes of "
"""The prefixes of the names of a plot with lanes and of its range; the name of the source follows."""
