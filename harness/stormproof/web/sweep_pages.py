"""Pages about a sweep: its matrix, and for each cell the drawing and the slice of the history that are its evidence."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response, StreamingResponse

from stormproof.errors import RunFolderError, UsageError
from stormproof.report import drawing
from stormproof.sweep.sheet import Result
from stormproof.web import drawn, evidence, stored
from stormproof.web.listing import Listing
from stormproof.web.run_pages import PLAIN, found


def router(listing: Listing) -> APIRouter:
    """Return the routes."""
    routes = APIRouter()

    def played(name: str, cell: str) -> tuple[Path, Result]:
        """Return the sweep's folder and the result of the cell."""
        folder = listing.folder(found(listing, name, "sweep"))
        sheet = evidence.load(folder)
        if cell not in sheet.results:
            raise HTTPException(404, f"{name} has no cell {cell!r}, or has not played it")
        return folder, sheet.results[cell]

    @routes.get("/sweeps/{name}")
    def sweep(request: Request, name: str) -> HTMLResponse:
        entry = found(listing, name, "sweep")
        sheet = evidence.load(listing.folder(entry))
        return drawn.page(request, "sweep.html", entry=entry, matrix=evidence.matrix(sheet), left=len(sheet.left))

    @routes.get("/sweeps/{name}/cell")
    def one(request: Request, name: str, cell: str = "") -> HTMLResponse:
        folder, result = played(name, cell)
        told, why = "", ""
        try:
            told = drawing.as_text(evidence.life(folder, result))
        except (RunFolderError, UsageError) as error:
            why = str(error)
        return drawn.page(request, "cell.html", name=name, result=result, told=told, why=why)

    @routes.get("/sweeps/{name}/life.svg")
    def life(name: str, cell: str = "") -> Response:
        folder, result = played(name, cell)
        picture = drawing.as_svg(evidence.life(folder, result))
        return Response(picture.encode("utf-8", "replace"), media_type="image/svg+xml", headers=drawn.STORED_DRAWING)

    @routes.get("/sweeps/{name}/slice")
    def piece(name: str, cell: str = "") -> StreamingResponse:
        folder, result = played(name, cell)
        file = stored.opened(evidence.lane(folder, result))
        return StreamingResponse(
            stored.lines(file, result.first, result.last), media_type=PLAIN, headers=drawn.STORED_TEXT
        )

    return routes
