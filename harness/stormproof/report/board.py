"""The plots of a page, filled with data. Bokeh makes them once per machine, and its JSON is cached.

Importing Bokeh and making a dozen plots takes two seconds, which even a command that makes a single run would spend. Bokeh
comes with the extra `report`: if it is not installed, a page has no plots.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module, metadata, resources, util
from pathlib import Path
from typing import Any, Literal

from stormproof.errors import is_installed, require
from stormproof.report.looks import LANES

_HEAD, _LANE = 60, 22
"""The height of a plot with lanes, in pixels: for its legend, and for each lane."""
_NAN = {"type": "number", "value": "nan"}
_PLOTS = "stormproof.report.plots"

Data = Mapping[str, Mapping[str, list[Any]]]
"""Data by source and column, as named in `looks.SOURCES`; None for unknown values."""


def is_there() -> bool:
    """Whether plots are available. If not, `live`, `whole` and `script` raise MissingPackageError."""
    return is_installed("bokeh")


def live() -> Any:
    """Return JSON for `Bokeh.embed.embed_item`: the plots of a running system, which the page fills (`board.js`)."""
    return _empty("live")


def whole(data: Data, until: float) -> Any:
    """Return the same for a finished run, filled with its data. `until`: when the run ends, in seconds."""
    return _filled(_empty("whole"), data, until)


def prepare() -> None:
    """Make the plots now, if they are available and were never made on this machine."""
    if is_there():
        _empty("whole")


@cache
def script() -> str:
    """Return Bokeh's complete script and the code that fills live plots, so a page loads nothing from another host."""
    require("bokeh")
    bokeh = util.find_spec("bokeh")
    assert bokeh is not None
    assert bokeh.origin is not None
    theirs = Path(bokeh.origin).parent / "server" / "static" / "js" / "bokeh.min.js"
    own = resources.files(__package__).joinpath("board.js")
    return f"{theirs.read_text('utf-8')}\n{own.read_text('utf-8')}"


@cache
def _empty(which: Literal["live", "whole"]) -> Any:
    require("bokeh")
    kept = _kept(which)
    try:
        return json.loads(kept.read_bytes())
    except (OSError, ValueError):
        made = getattr(import_module(_PLOTS), which)()
        _keep(kept, made)
        return made


def _kept(which: str) -> Path:
    """Return the path of the cached JSON, for this Bokeh and this version of the code that uses it."""
    asks = b"".join(
        resources.files(__package__).joinpath(name).read_bytes() for name in ("plots.py", "looks.py", "seconds.py")
    )
    version, digest = metadata.version("bokeh"), hashlib.sha256(asks).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "stormproof"
    return folder / f"{which}-{version}-{digest}.json"


def _keep(path: Path, made: Any) -> None:
    """Write the file atomically. If that fails, the plots are made again next time."""
    fresh = path.with_name(f".{secrets.token_hex(8)}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            fresh.write_text(json.dumps(made), encoding="utf-8")
            fresh.rename(path)
        except OSError:
            fresh.unlink(missing_ok=True)


def _filled(node: Any, data: Data, until: float) -> Any:
    """Return a copy of Bokeh's JSON with a run's data. An object is complete where it first occurs, and only an id after that."""
    if isinstance(node, list):
        return [_filled(each, data, until) for each in node]
    if not isinstance(node, dict):
        return node
    copy = {name: _filled(each, data, until) for name, each in node.items()}
    attributes = copy.get("attributes", {})
    name = attributes.get("name")
    if copy.get("name") == "ColumnDataSource":
        attributes["data"] = {
            "type": "map",
            "entries": [[each, _values(values)] for each, values in data[name].items()],
        }
    elif name == "time":
        attributes |= {"start": 0, "end": until, "reset_start": 0, "reset_end": until, "bounds": [0, until]}
    elif isinstance(name, str) and name.startswith(LANES):
        lanes = sorted(set(data[name.removeprefix(LANES)]["lane"]), reverse=True)
        attributes |= {"height": _HEAD + _LANE * max(2, len(lanes))} if copy["name"] == "Figure" else {"factors": lanes}
    return copy


def _values(values: list[Any]) -> list[Any]:
    """Bokeh would treat null as zero."""
    return [_NAN if value is None else value for value in values]
