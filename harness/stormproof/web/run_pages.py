"""Pages about one run: its verdict, its report, its logs."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from stormproof.report import html, words
from stormproof.web import drawn, stored
from stormproof.web.entry import PACKAGES, Entry
from stormproof.web.listing import Listing

PLAIN = "text/plain; charset=utf-8"


def found(listing: Listing, name: str, kind: str) -> Entry:
    """Return the entry with this name and kind. Raises HTTPException (404) if there is none."""
    entry = listing.find(name)
    if entry is None or entry.kind != kind:
        why = f"{name}: {entry.problem or f'not a {kind}'}" if entry else f"there is no folder {name!r} among the runs"
        raise HTTPException(404, why)
    return entry


def router(listing: Listing) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/runs/{name}")
    def run(request: Request, name: str) -> HTMLResponse:
        entry = found(listing, name, "run")
        assert entry.run is not None
        logs = stored.logs(listing.folder(entry))
        return drawn.page(
            request,
            "run.html",
            entry=entry,
            run=entry.run,
            summary=words.summary(entry.run),
            logs=logs,
            packages=PACKAGES,
        )

    @routes.get("/runs/{name}/report.html")
    def report(name: str) -> Response:
        folder = listing.folder(found(listing, name, "run"))
        if stored.is_there(folder / "report.html"):
            with stored.opened(folder / "report.html") as file:
                return HTMLResponse(file.read(), headers=drawn.STORED_PAGE)
        with stored.reading(folder):
            text = html.render(stored.loaded(folder))
        return HTMLResponse(text.encode("utf-8", "replace"), headers=drawn.STORED_PAGE)

    @routes.get("/runs/{name}/logs/{log}")
    def log(name: str, log: str) -> StreamingResponse:
        folder = listing.folder(found(listing, name, "run"))
        if log not in stored.logs(folder):
            raise HTTPException(404, f"{name} has no log {log!r}")
        file = stored.opened(folder / "logs" / log)
        return StreamingResponse(stored.text(file), media_type=PLAIN, headers=drawn.STORED_TEXT)

    return routes
