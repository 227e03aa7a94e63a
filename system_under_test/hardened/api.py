"""The API: `uvicorn hardened.api:app`. Nothing blocks the event loop; no answer needs the result backend."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from hardened.broker_queue import BrokerQueue, HasLength
from hardened.intake import BoundedThreads, Intake, Publishes
from hardened.journal import Journal, RequestConflictError
from hardened.metrics import JournalCollector
from hardened.publisher import BrokerUnavailableError, Publisher
from hardened.requests import Accepted, EmailRequest, Health, Problem, Readiness, Refusal, TaskStatus, task_id_of
from hardened.settings import Settings

Answers = dict[int | str, dict[str, Any]]
"""Code -> what OpenAPI says of such an answer. All that a route may answer is declared with it."""

RETRY_AFTER = {"Retry-After": {"description": "Seconds", "required": True, "schema": {"type": "integer", "minimum": 1}}}
UNAVAILABLE: Answers = {
    503: {"model": Problem, "description": "Nothing was promised; try again", "headers": RETRY_AFTER}
}
ACCEPTED: Answers = {
    202: {
        "description": "It is written down, and will be done",
        "headers": {"Location": {"description": "Its status", "required": True, "schema": {"type": "string"}}},
        "links": {"status": {"operationId": "task_status", "parameters": {"task_id": "$response.body#/task_id"}}},
    },
    400: {"model": Problem, "description": "The body cannot be read"},
    422: {"model": Refusal, "description": "The request is not as described, or its key was used for another"},
}
UNKNOWN: Answers = {
    404: {"model": Problem, "description": "There is no such task, or its outcome has been forgotten"},
    422: {"model": Refusal, "description": "This cannot be the id of a task"},
}
METRICS: Answers = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
NOT_READY: Answers = {
    503: {"model": Readiness | Problem, "description": "The broker does not answer", "headers": RETRY_AFTER}
}


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
    intake = Intake(settings, journal, publisher or Publisher(settings, clock), writing)

    # A path that ends with a slash is not quietly sent elsewhere: it is no path of this API.
    app = FastAPI(title="hardened", redirect_slashes=False, generate_unique_id_function=lambda route: route.name)
    _answer_errors(app, settings.retry_after_s)
    _serve_callers(app, intake, reading, journal)
    _serve_operators(app, reading, journal, queue, settings.retry_after_s)
    return app


def _serve_callers(app: FastAPI, intake: Intake, reading: BoundedThreads, journal: Journal) -> None:
    @app.post("/send-email", status_code=202, responses=ACCEPTED | UNAVAILABLE)
    async def send_email(
        body: EmailRequest,
        response: Response,
        idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255, examples=["order-17"])] = None,
    ) -> Accepted:
        """Accept an e-mail. The same request once more is the same task; with keys of your own, the same key is."""
        task_id = task_id_of(body, idempotency_key)
        await intake.submit(task_id, body.model_dump())
        response.headers["Location"] = f"/task-status/{task_id}"
        return Accepted(task_id=task_id)

    @app.get("/task-status/{task_id}", responses=UNKNOWN | UNAVAILABLE)
    async def task_status(task_id: Annotated[str, Path(max_length=255)]) -> TaskStatus:
        """What has become of it. SUCCESS and FAILURE are final."""
        found = await reading.call(journal.find, task_id)
        if found is None:
            raise HTTPException(404, "no such task")
        return TaskStatus.of(found)


def _serve_operators(
    app: FastAPI, reading: BoundedThreads, journal: Journal, queue: HasLength, retry_after_s: int
) -> None:
    registry = CollectorRegistry()
    registry.register(JournalCollector(journal))

    @app.get("/healthz")
    async def healthz() -> Health:
        """Whether this process lives."""
        return Health(status="ok")

    @app.get("/readyz", responses=NOT_READY)
    async def readyz(response: Response) -> Readiness:
        """Whether submissions can be accepted now."""
        open_submissions = await reading.call(journal.open_submissions)
        try:
            broker = await reading.call(queue.length) is not None
        except TimeoutError:
            broker = False
        if not broker:
            response.status_code = 503
            response.headers["Retry-After"] = str(retry_after_s)
        return Readiness(broker=broker, open_submissions=open_submissions)

    @app.get("/metrics", response_class=Response, responses=METRICS | UNAVAILABLE)
    async def metrics() -> PlainTextResponse:
        """For Prometheus."""
        return PlainTextResponse(await reading.call(generate_latest, registry), media_type=CONTENT_TYPE_LATEST)


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
