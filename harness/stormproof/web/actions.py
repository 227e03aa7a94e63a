"""The actions of the buttons: judge a run again, replay it, stop the replay. The gate has already checked the client."""

from __future__ import annotations

import threading

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse

from stormproof.campaign import conduct as campaign
from stormproof.report.words import printable
from stormproof.web import drawn
from stormproof.web.drawn import path_of
from stormproof.web.entry import Entry
from stormproof.web.listing import Listing
from stormproof.web.replays import Replays
from stormproof.web.run_pages import found
from stormproof.web.stored import loaded, reading

_SEE_OTHER = 303


def router(listing: Listing, replays: Replays) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()
    judging = threading.Lock()

    def ended(name: str) -> Entry:
        """Return a run that is no longer being written."""
        entry = found(listing, name, "run")
        if entry.word == "running":
            raise HTTPException(409, f"{name} is still running; wait until it has ended")
        return entry

    @routes.post("/runs/{name}/judge")
    def judge(name: str) -> RedirectResponse:
        entry = ended(name)
        folder = listing.folder(entry)
        with judging, reading(folder):
            run = loaded(folder)
            campaign.judge_run(run, run.history)
        return RedirectResponse(path_of("runs", entry.name), _SEE_OTHER)

    @routes.post("/runs/{name}/replay")
    def replay(name: str) -> RedirectResponse:
        entry = ended(name)
        if not replays.begin(entry.name, listing.folder(entry)):
            running = replays.last.name if replays.last else "another"
            raise HTTPException(409, f"{running} is being replayed; one at a time, as each takes the whole machine")
        return RedirectResponse("/replay", _SEE_OTHER)

    @routes.post("/replay/stop")
    def stop() -> RedirectResponse:
        replays.end()
        return RedirectResponse("/replay", _SEE_OTHER)

    @routes.get("/replay")
    def shown(request: Request) -> HTMLResponse:
        return drawn.page(request, "replay.html", replay=replays.last)

    @routes.get("/replay/output")
    def output() -> JSONResponse:
        last = replays.last
        if last is None:
            raise HTTPException(404, "nothing was replayed")
        # The code first: what is said when it is there is all of it.
        code = last.code
        return JSONResponse({"name": printable(last.name), "code": code, "said": printable(last.said)})

    return routes
