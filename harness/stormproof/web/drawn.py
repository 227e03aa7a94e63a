"""Renders templates into pages. Every value is made printable and escaped, regardless of the template."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from stormproof.report.words import printable
from stormproof.web.gate import is_here
from stormproof.web.over_time import MARKS

_AS_NOBODY = {
    # A page in a sandbox that asks for an opener policy, too, is not shown at all.
    "cross-origin-opener-policy": "unsafe-none",
}
STORED_PAGE = _AS_NOBODY | {
    "content-security-policy": (
        "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
"""For a run's own report, which contains scripts. It is served in a sandboxed origin, so it cannot use our cookies or call our routes."""
STORED_DRAWING = _AS_NOBODY | {
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
}
STORED_TEXT = _AS_NOBODY | {"content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}


def _shown(value: Any) -> Any:
    """What of a value is shown. What a template has escaped already was made printable before that."""
    if isinstance(value, Markup):
        return value
    return printable(value) if isinstance(value, str) else value


def _url(text: str) -> str:
    return quote(text, safe="", errors="replace")


_ENVIRONMENT = Environment(
    loader=PackageLoader("stormproof.web"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_shown,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ENVIRONMENT.filters["url"] = _url
_ENVIRONMENT.globals["MARKS"] = MARKS


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return one page. `here` tells the template whether to show buttons."""
    text = _ENVIRONMENT.get_template(template).render(here=is_here(request.scope), **values)
    return HTMLResponse(text.encode("utf-8", "replace"), status_code=status)


def asset(name: str, kind: str) -> Response:
    """Return a file from the templates' folder unchanged."""
    source, _, _ = _loader().get_source(_ENVIRONMENT, name)
    return Response(source, media_type=kind)


def _loader() -> PackageLoader:
    assert isinstance(_ENVIRONMENT.loader, PackageLoader)
    return _ENVIRONMENT.loader


def path_of(*parts: str) -> str:
    """Return a URL on this server."""
    return "".join(f"/{_url(part)}" for part in parts)
