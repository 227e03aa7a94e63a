"""Pages about many runs: the listing, two runs side by side, a scenario over time."""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse

from stormproof.web import beside, drawn, over_time
from stormproof.web.choosing import PAGE, Wanted, options
from stormproof.web.entry import PACKAGES
from stormproof.web.listing import Listing
from stormproof.web.run_pages import found


def router(listing: Listing) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    @routes.get("/")
    def runs(request: Request) -> HTMLResponse:
        wanted = Wanted.of(request.query_params)
        known = listing.entries()
        chosen = [entry for entry in known if wanted.admits(entry)]
        first = (wanted.page - 1) * PAGE
        return drawn.page(
            request,
            "runs.html",
            folder=str(listing.runs),
            known=len(known),
            chosen=len(chosen),
            entries=chosen[first : first + PAGE],
            first=first,
            wanted=wanted,
            newer=wanted.address(wanted.page - 1) if wanted.page > 1 else "",
            older=wanted.address(wanted.page + 1) if first + PAGE < len(chosen) else "",
            options=options(known),
            packages=PACKAGES,
        )

    @routes.get("/beside")
    def two(request: Request) -> HTMLResponse:
        names = request.query_params.getlist("run")
        if len(names) != 2:
            raise HTTPException(400, f"choose two runs to see them side by side; {len(names)} were chosen")
        left, right = (found(listing, name, "run") for name in names)
        return drawn.page(request, "beside.html", left=left, right=right, parts=beside.parts(left, right))

    @routes.get("/over-time")
    def over(request: Request, scenario: str = "") -> HTMLResponse:
        series = over_time.series(listing.entries(), scenario)
        if not series:
            raise HTTPException(404, f"no run of a scenario {scenario!r} is here")
        return drawn.page(request, "over_time.html", scenario=scenario, series=series)

    return routes
