"""What all plots of a system's life have in common: one axis of time, and the windows of faults through all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataRange1d, FactorRange, HoverTool, LinearScale, Quad, Range1d
from bokeh.plotting import figure
from bokeh.resources import Resources

from stormproof.report.seconds import COLUMNS

BLUE, ORANGE, GREEN, RED, PINK, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#808080"
"""Of the colours of Okabe and Ito, which are told apart by people who see colours differently."""

Line = tuple[str, str, str]
"""Column, colour, dash."""

LIVE: tuple[tuple[str, tuple[Line, ...]], ...] = (
    ("tasks/s", (("submitted", BLUE, "solid"), ("done", GREEN, "dashed"))),
    ("task, ms", (("p50_ms", BLUE, "solid"), ("p95_ms", ORANGE, "dashed"))),
    ("tasks", (("under_way", BLUE, "solid"), ("queued", ORANGE, "dashed"), ("unacked", GREEN, "dotted"))),
    ("workers alive", (("workers", BLUE, "solid"),)),
)
"""The plots of `Seconds`: each one's axis, and its lines."""

_HEIGHT = 130
_LANE = 26


class Board:
    """Plots below each other. The page finds the sources `seconds` and `windows`, and the plot `lanes`, by these names. `windows`: as
    `Seconds.lanes`; `until`: how far time goes, where that is known.
    """

    def __init__(
        self, rows: Mapping[str, Sequence[Any]], windows: Mapping[str, Sequence[Any]], until: float | None
    ) -> None:
        self._seconds = ColumnDataSource({name: list(rows[name]) for name in COLUMNS}, name="seconds")
        self._windows = ColumnDataSource({name: list(values) for name, values in windows.items()}, name="windows")
        self._time = (
            DataRange1d(range_padding=0.01, follow="end", follow_interval=300, name="time")
            if until is None
            else Range1d(0, until, bounds=(0, until), name="time")
        )
        self._plots: list[figure] = []

    def plot(self, axis: str, height: int = _HEIGHT, **more: Any) -> figure:
        """A new plot, with the windows behind all that it will show; legible on light and on dark."""
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
        plot.min_border_left = 90
        if not isinstance(plot.y_range, FactorRange):  # Lanes have windows of their own.
            plot.extra_y_ranges, plot.extra_y_scales = {"all": Range1d(0, 1)}, {"all": LinearScale()}
            window = Quad(left="left", right="right", bottom=0, top=1, fill_color=RED, fill_alpha=0.15, line_color=None)
            plot.add_glyph(self._windows, window, y_range_name="all")
        self._plots.append(plot)
        return plot

    def live(self) -> None:
        """The plots of `LIVE`."""
        for axis, lines in LIVE:
            self.lines(axis, lines)

    def lines(self, axis: str, lines: Iterable[Line], source: ColumnDataSource | None = None) -> None:
        """A plot of columns over time; of those of `Seconds` where no other source is given."""
        source, lines = source or self._seconds, list(lines)
        plot = self.plot(axis, y_range=DataRange1d(start=0, only_visible=True))
        drawn = [
            plot.line(
                "t",
                name,
                source=source,
                color=colour,
                line_dash=dash,
                line_width=2,
                legend_label=name.replace("_", " "),
            )
            for name, colour, dash in lines
        ]
        for name, colour, _ in lines:  # A second between two in which nothing was done has no line.
            plot.scatter("t", name, source=source, color=colour, size=3)
        plot.y_range.renderers = drawn
        legend(plot)
        hover = HoverTool(renderers=drawn[:1], mode="vline")
        hover.tooltips = [("second", "@t"), *((name.replace("_", " "), f"@{{{name}}}") for name, _, _ in lines)]
        plot.add_tools(hover)

    def lanes(self) -> None:
        """Each fault in a lane of its own."""
        lanes = list(dict.fromkeys(self._windows.data["lane"]))[::-1]
        plot = self.plot("", 60 + _LANE * max(2, len(lanes)), y_range=FactorRange(factors=lanes), name="lanes")
        look = {"fill_color": RED, "line_color": RED, "hatch_pattern": "/", "hatch_alpha": 0.4}
        bars = plot.hbar(y="lane", left="left", right="right", height=0.7, source=self._windows, **look)
        plot.add_tools(HoverTool(renderers=[bars], tooltips=[("", "@lane"), ("from", "@left{0.0} s"), ("", "@state")]))
        plot.xaxis.axis_label = "seconds since the system was started"

    def document(self) -> Any:
        """JSON for `Bokeh.embed.embed_item`, to be drawn in the element `plots`."""
        return json_item(column(*self._plots, sizing_mode="stretch_width"), "plots")


def legend(plot: figure) -> None:
    """A small one, within the plot."""
    plot.legend.location, plot.legend.orientation = "top_left", "horizontal"
    plot.legend.background_fill_alpha, plot.legend.border_line_alpha = 0.0, 0.0
    plot.legend.label_text_color, plot.legend.padding, plot.legend.label_text_font_size = GREY, 2, "11px"


@cache
def script() -> str:
    """Bokeh's own script, whole: a page needs no other host."""
    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)
