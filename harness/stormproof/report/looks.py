"""What plots are filled with: their sources, and the look of what is told apart in them."""

from __future__ import annotations

from stormproof.report.seconds import COLUMNS

BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#808080"
"""Of the colours of Okabe and Ito, which are told apart by people who see colours differently; shapes and dashes tell it again."""

SOURCES = {
    "seconds": COLUMNS,
    "windows": ("lane", "left", "right", "state"),
    "answers": ("t", "ms", "kind", "outcome", "colour", "marker"),
    "memory": ("ts", "mib", "name", "colour", "dash"),
    "tasks": ("lane", "left", "right", "state", "key", "task", "colour", "hatch", "height"),
}
"""The columns of each."""

OUTCOMES = {"ok": (BLUE, "circle"), "fail": (ORANGE, "triangle"), "info": (RED, "x")}
"""Colour and marker of an answer."""

STATES = {
    "waiting": (GREY, " ", 0.3),
    "running": (BLUE, " ", 0.8),
    "redelivered": (ORANGE, "\\", 0.8),
    "died": (RED, "x", 0.8),
}
"""Colour, hatch and height of a stretch of a task's life: in a worker's hands and not begun; begun; begun again; begun, and never ended."""

TRACKS = [(colour, dash) for dash in ("solid", "dashed", "dotted") for colour in (BLUE, ORANGE, GREEN, PINK)]
"""Colours and dashes of lines of which nobody knows how many there will be."""

LANES = "lanes of "
"""What the name of a plot with lanes, and that of their range, begins with; then comes that of its source."""
