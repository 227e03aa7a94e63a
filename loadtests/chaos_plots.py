"""The plots of the chaos tab, as a Bokeh document that the page feeds: what came and was done, how long it took, what waited, who worked;
and what struck.
"""

from __future__ import annotations

from typing import Any

from bokeh.embed import json_item
from bokeh.layouts import column
from bokeh.models import ColumnDataSource, DataRange1d, FactorRange, HoverTool, Quad, Range1d
from bokeh.plotting import figure
from bokeh.resources import Resources
from seconds import COLUMNS

_BLUE, _ORANGE, _GREEN, _RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
"""Of the colours of Okabe and Ito, which are told apart by people who see colours differently."""
_GREY = "#808080"
_HEIGHT = 130

_PLOTS = (
    ("tasks/s", (("submitted", _BLUE, "solid"), ("done", _GREEN, "dashed"))),
    ("task, ms", (("p50_ms", _BLUE, "solid"), ("p95_ms", _ORANGE, "dashed"))),
    ("tasks", (("under_way", _BLUE, "solid"), ("queued", _ORANGE, "dashed"), ("unacked", _GREEN, "dotted"))),
    ("workers alive", (("workers", _BLUE, "solid"),)),
)
"""Each plot's axis, and its lines: column, colour, dash."""


def document() -> Any:
    """JSON for `Bokeh.embed.embed_item`, without data. The page finds the sources `seconds` and `windows`, and the plot `lanes`, by these
    names.
    """
    seconds = ColumnDataSource({name: [] for name in COLUMNS}, name="seconds")
    windows = ColumnDataSource({name: [] for name in ("lane", "left", "right", "state")}, name="windows")
    time = DataRange1d(range_padding=0.01, follow="end", follow_interval=300)
    plots = [_plot(axis, lines, seconds, windows, time) for axis, lines in _PLOTS]
    return json_item(column(*plots, _lanes(windows, time), sizing_mode="stretch_width"), "plots")


def script() -> str:
    """Bokeh's own script, whole: the page needs no other host."""
    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def _plot(axis: str, lines: Any, seconds: ColumnDataSource, windows: ColumnDataSource, time: DataRange1d) -> figure:
    """Lines over time; faults lie behind all of it."""
    plot = _figure(axis, x_range=time, y_range=DataRange1d(start=0, only_visible=True))
    plot.extra_y_ranges = {"all": Range1d(0, 1)}
    plot.add_glyph(
        windows,
        Quad(left="left", right="right", bottom=0, top=1, fill_color=_RED, fill_alpha=0.15, line_color=None),
        y_range_name="all",
    )
    plot.y_range.renderers = [
        plot.line(
            "t", name, source=seconds, color=colour, line_dash=dash, line_width=2, legend_label=name.replace("_", " ")
        )
        for name, colour, dash in lines
    ]
    for name, colour, _ in lines:  # A second between two in which nothing was done has no line.
        plot.scatter("t", name, source=seconds, color=colour, size=3)
    plot.legend.location, plot.legend.orientation = "top_left", "horizontal"
    plot.legend.background_fill_alpha, plot.legend.border_line_alpha = 0.0, 0.0
    plot.legend.label_text_color, plot.legend.padding, plot.legend.label_text_font_size = _GREY, 2, "11px"
    hover = HoverTool(renderers=plot.y_range.renderers[:1], mode="vline")
    hover.tooltips = [("second", "@t"), *((name.replace("_", " "), f"@{name}") for name, _, _ in lines)]
    plot.add_tools(hover)
    return plot


def _lanes(windows: ColumnDataSource, time: DataRange1d) -> figure:
    plot = _figure("", x_range=time, y_range=FactorRange(), name="lanes")
    bars = plot.hbar(
        y="lane",
        left="left",
        right="right",
        height=0.7,
        source=windows,
        fill_color=_RED,
        line_color=_RED,
        hatch_pattern="/",
        hatch_alpha=0.4,
    )
    plot.add_tools(HoverTool(renderers=[bars], tooltips=[("", "@lane"), ("from", "@left{0.0} s"), ("", "@state")]))
    plot.xaxis.axis_label = "seconds since the system was started"
    return plot


def _figure(axis: str, **more: Any) -> figure:
    """Legible on light and on dark."""
    plot = figure(
        height=_HEIGHT, sizing_mode="stretch_width", tools="xpan,xwheel_zoom,reset", toolbar_location=None, **more
    )
    plot.background_fill_alpha = plot.border_fill_alpha = 0.0
    plot.outline_line_color = None
    plot.yaxis.axis_label, plot.grid.grid_line_alpha = axis, 0.2
    for each in plot.axis:
        each.axis_label_text_color = each.major_label_text_color = each.axis_line_color = _GREY
        each.major_tick_line_color, each.minor_tick_line_color = _GREY, None
    plot.min_border_left = 90
    return plot
