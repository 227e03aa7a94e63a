"""The API: `uvicorn hardened.api:app`. Nothing blocks the event loop; no answer needs the result backend."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hardened.broker_queue import BrokerQueue, HasLength
from hardened.intake import BoundedThreads, Intake, Publishes
from hardened.journal import Journal, RequestConflictError
from hardened.metrics import JournalCollector
from hardened.publisher import BrokerUnavailableError, Publisher
from hardened.requests import Accepted, EmailRequest, Problem, Readiness, TaskStatus, Unprocessable, task_id_of
from hardened.settings import Settings

Answers = dict[int | str, dict[str, Any]]
_LATER: Answers = {
    503: {
        "model": Problem,
        "description": "Nothing was done; try again later",
        "headers": {
            "Retry-After": {"required": True, "schema": {"type": "integer"}, "description": "In so many seconds"}
        },
    }
}
_WRONG: Answers = {
    400: {"model": Problem, "description": "The body cannot be read"},
    422: {"model": Unprocessable, "description": "The request is wrong, or its Idempotency-Key is another request's"},
}
_ACCEPTED: Answers = {
    202: {
        "description": "It will be sent, once",
        "headers": {"Location": {"required": True, "schema": {"type": "string"}, "description": "Where its status is"}},
    }
}
_UNKNOWN: Answers = {404: {"model": Problem, "description": "No such task"}}
_NOT_READY: Answers = {503: {"model": Readiness, "description": "The broker does not answer"}}
_METRICS: Answers = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "For Prometheus"}}


def create_app(
    settings: Settings,
    publisher: Publishes | None = None,
    queue: HasLength | None = None,
    clock: Callable[[], float] = time.time,
) -> FastAPI:
    """The application; tests give it a publisher, a queue and a clock of their own."""
    busy_timeout_s = settings.submit_within_s - settings.publish_timeout_s
    journal = Journal(settings.journal_path, busy_timeout_s, clock)
    queue = queue or BrokerQueue(settings.celery_broker_url, settings.publish_timeout_s)
    # Reading has threads of its own: a frozen broker may fill those that publish.
    writing = BoundedThreads(settings.api_threads, settings.submit_within_s)
    reading = BoundedThreads(settings.api_threads, settings.submit_within_s)
    intake = Intake(settings, journal, publisher or Publisher(settings), writing)
    registry = CollectorRegistry()
    registry.register(JournalCollector(journal))

    app = FastAPI(title="hardened", redirect_slashes=False)
    _answer_errors(app, settings.retry_after_s)

    @app.post("/send-email", status_code=202, responses={**_ACCEPTED, **_WRONG, **_LATER})
    async def send_email(
        body: EmailRequest,
        response: Response,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
    ) -> Accepted:
        task_id = task_id_of(body, idempotency_key)
        await intake.submit(task_id, body.model_dump())
        response.headers["Location"] = f"/task-status/{task_id}"
        return Accepted(task_id=task_id)

    @app.get("/task-status/{task_id}", responses={**_UNKNOWN, **_WRONG, **_LATER})
    async def task_status(task_id: str) -> TaskStatus:
        found = await reading.call(journal.find, task_id)
        if found is None:
            raise HTTPException(404, "no such task")
        return TaskStatus.of(found)

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz", responses=_NOT_READY)
    async def readyz(response: Response) -> Readiness:
        open_submissions = await reading.call(journal.open_submissions)
        try:
            broker = await reading.call(queue.length) is not None
        except TimeoutError:
            broker = False
        response.status_code = 200 if broker else 503
        return Readiness(broker=broker, open_submissions=open_submissions)

    @app.get("/metrics", response_class=PlainTextResponse, responses={**_METRICS, **_LATER})
    async def metrics() -> PlainTextResponse:
        return PlainTextResponse(await reading.call(generate_latest, registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _answer_errors(app: FastAPI, retry_after_s: int) -> None:
    @app.exception_handler(BrokerUnavailableError)
    @app.exception_handler(TimeoutError)
    @app.exception_handler(sqlite3.OperationalError)
    async def unavailable(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"detail": "try again later"}, 503, headers={"Retry-After": str(retry_after_s)})

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        # FastAPI's own answer repeats the input: any size of it, and text that no answer can carry (lone surrogates).
        detail = [{"type": found["type"], "loc": found["loc"], "msg": found["msg"]} for found in error.errors()]
        return Response(json.dumps({"detail": detail}), 422, media_type="application/json")

    @app.exception_handler(RequestConflictError)
    async def conflict(_: Request, __: Exception) -> JSONResponse:
        return JSONResponse({"detail": "this Idempotency-Key was used for another request"}, 422)


app = create_app(Settings())
