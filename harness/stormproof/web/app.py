"""The application: routes, error pages, and the gate around everything."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException

from stormproof.errors import StormproofError
from stormproof.web import actions, drawn, pages, run_pages, sweep_pages
from stormproof.web.gate import Gate
from stormproof.web.listing import Listing
from stormproof.web.replays import Replays


def build(listing: Listing, replays: Replays, token: str, cookie: str) -> Gate:
    """Return the application that serves these runs to clients with the token."""
    app = FastAPI(title="stormproof serve", openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(pages.router(listing))
    app.include_router(run_pages.router(listing))
    app.include_router(sweep_pages.router(listing))
    app.include_router(actions.router(listing, replays))
    app.add_api_route("/style.css", lambda: drawn.asset("style.css", "text/css"), methods=["GET"])
    app.add_api_route("/replay.js", lambda: drawn.asset("replay.js", "text/javascript"), methods=["GET"])
    app.add_exception_handler(HTTPException, _missing)
    app.add_exception_handler(StormproofError, _unreadable)
    return Gate(app, token, cookie)


def _missing(request: Request, error: Exception) -> HTMLResponse:
    assert isinstance(error, HTTPException)
    return drawn.page(request, "error.html", error.status_code, said=str(error.detail))


def _unreadable(request: Request, error: Exception) -> Response:
    """Answer with an error page: a folder that cannot be read is not a failure of the server."""
    return drawn.page(request, "error.html", 422, said=str(error))
