"""Plots of a system's life, one below the other on a common time axis, with the windows of faults across all of them.

They are made without data, which `board` fills in. Only `board` imports this module, because Bokeh takes more than a second.
"""

from __future__ import annotations

from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataRange1d, FactorRange, HoverTool, LinearScale, Quad, Range1d
from bokeh.plotting import figure

from stormproof.report.looks import BLUE, GREEN, GREY, LANES, ORANGE, RED, SOURCES

_LIVE = (
    ("tasks/s", (("submitted", BLUE, "solid"), ("done", GREEN, "dashed"))),
    ("task, ms", (("p50_ms", BLUE, "solid"), ("p95_ms", ORANGE, "dashed"))),
    ("tasks", (("under_way", BLUE, "solid"), ("queued", ORANGE, "dashed"), ("unacked", GREEN, "dotted"))),
    ("workers alive", (("workers", BLUE, "solid"),)),
)
"""The plots of the source `seconds`: the axis of each, and its lines (column, colour, dash)."""

_HEIGHT = 130


def live() -> Any:
    """Return JSON for `Bokeh.embed.embed_item`: the plots of a running system."""
    board = _Board(DataRange1d(range_padding=0.01, follow="end", follow_interval=300, name="time"))
    board.seconds()
    board.lanes()
    return board.document()


def whole() -> Any:
    """Return the same for a finished run, with every answer, every component's memory, and every task on the process that had it."""
    board = _Board(Range1d(0, 1, name="time"))
    board.answers()
    board.seconds()
    board.memory()
    board.tasks()
    board.lanes()
    return board.document()


class _Board:
    def __init__(self, time: Any) -> None:
        self._time, self._plots = time, list[Any]()
        self._sources = {
            name: ColumnDataSource({each: [] for each in names}, name=name) for name, names in SOURCES.items()
        }

    def document(self) -> Any:
        return json_item(column(*self._plots, sizing_mode="stretch_width"), "plots")

    def plot(self, axis: str, height: int = _HEIGHT, **more: Any) -> Any:
        """Return a new plot with the fault windows in the background; legible on light and dark pages."""
        plot = figure(
            height=height,
            x_range=self._time,
            sizing_mode="stretch_width",
            tools="xpan,xwheel_zoom,xbox_zoom,reset",
            toolbar_location=None,
            **more,
        )
        plot.background_fill_alpha = plot.border_fill_alpha = 0.0
        plot.outline_line_color = None
        plot.yaxis.axis_label, plot.grid.grid_line_alpha = axis, 0.2
        for each in plot.axis:
            each.axis_label_text_color = each.major_label_text_color = each.axis_line_color = GREY
            each.major_tick_line_color, each.minor_tick_line_color = GREY, None
        plot.min_border_left = 110
        if not isinstance(plot.y_range, FactorRange):  # Lanes have their own windows.
            plot.extra_y_ranges, plot.extra_y_scales = {"all": Range1d(0, 1)}, {"all": LinearScale()}
            window = Quad(left="left", right="right", bottom=0, top=1, fill_color=RED, fill_alpha=0.15, line_color=None)
            plot.add_glyph(self._sources["windows"], window, y_range_name="all")
        self._plots.append(plot)
        return plot

    def answers(self) -> None:
        plot = self.plot("answer, ms", 200, y_axis_type="log", y_range=DataRange1d())
        points = plot.scatter(
            "t", "ms", source=self._sources["answers"], color="colour", marker="marker", size=5, legend_field="outcome"
        )
        plot.y_range.renderers = [points]
        tips = [("", "@kind: @outcome"), ("at", "@t{0.00} s"), ("took", "@ms{0.0} ms")]
        plot.add_tools(HoverTool(renderers=[points], tooltips=tips))
        _legend(plot)

    def seconds(self) -> None:
        source = self._sources["seconds"]
        for axis, lines in _LIVE:
            plot = self.plot(axis, y_range=DataRange1d(start=0, only_visible=True))
            plot.y_range.renderers = drawn = [
                plot.line("t", name, source=source, color=colour, line_dash=dash, width=2, legend_label=_words(name))
                for name, colour, dash in lines
            ]
            for name, colour, _ in lines:  # A second between two without values has no line, so mark it.
                plot.scatter("t", name, source=source, color=colour, size=3)
            _legend(plot)
            tips = [("second", "@t"), *((_words(name), f"@{name}") for name, _, _ in lines)]
            plot.add_tools(HoverTool(renderers=drawn[:1], mode="vline", tooltips=tips))

    def memory(self) -> None:
        plot = self.plot("memory, MiB", y_range=DataRange1d(start=0))
        look = {"color": "colour", "line_dash": "dash", "line_width": 2, "legend_field": "name"}
        plot.y_range.renderers = [plot.multi_line("ts", "mib", source=self._sources["memory"], **look)]
        _legend(plot)

    def tasks(self) -> None:
        plot = self.plot("", y_range=FactorRange(name=f"{LANES}tasks"), name=f"{LANES}tasks")
        look = {"fill_color": "colour", "line_color": "colour", "hatch_pattern": "hatch", "hatch_alpha": 0.6}
        bars = plot.hbar(
            y="lane",
            left="left",
            right="right",
            height="height",
            source=self._sources["tasks"],
            legend_field="state",
            **look,
        )
        tips = [("", "@state"), ("", "@key"), ("task", "@task"), ("from", "@left{0.00} s"), ("to", "@right{0.00} s")]
        plot.add_tools(HoverTool(renderers=[bars], tooltips=tips))
        _legend(plot)

    def lanes(self) -> None:
        plot = self.plot("", y_range=FactorRange(name=f"{LANES}windows"), name=f"{LANES}windows")
        look = {"fill_color": RED, "line_color": RED, "hatch_pattern": "/", "hatch_alpha": 0.4}
        bars = plot.hbar(y="lane", left="left", right="right", height=0.7, source=self._sources["windows"], **look)
        plot.add_tools(HoverTool(renderers=[bars], tooltips=[("", "@lane"), ("from", "@left{0.0} s"), ("", "@state")]))
        plot.xaxis.axis_label = "seconds since the system was started"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _legend(plot: Any) -> None:
    """Add a small legend within the plot."""
    plot.legend.location, plot.legend.orientation = "top_left", "horizontal"
    plot.legend.background_fill_alpha, plot.legend.border_line_alpha = 0.0, 0.0
    plot.legend.label_text_color, plot.legend.padding, plot.legend.label_text_font_size = GREY, 2, "11px"
