"""The API: submits work, and reads its status. Its routes call Celery in one of three ways."""

import asyncio
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

from celery import chain, chord, group
from celery.result import GroupResult
from fastapi import FastAPI

from app import worker
from app.settings import SETTINGS

api = FastAPI()
KIND = SETTINGS["work"]
SOON_S = 2


def submit(key, connection=None):
    """Publish the work, and return the id under which its outcome is found."""
    options = {"connection": connection} if connection else {}
    if SETTINGS["priorities"]:
        options["priority"] = worker.place(key) % SETTINGS["priorities"]
    if KIND == "countdown":
        options["countdown"] = SOON_S
    if KIND == "eta":
        options["eta"] = datetime.now(UTC) + timedelta(seconds=SOON_S)
    if KIND == "expires":
        options["expires"] = 3600
    if KIND == "linked":
        options["link"] = worker.note.si(key)
    if KIND == "chain":
        return chain(worker.note.si(key), worker.work.si(key)).apply_async(**options).id
    if KIND == "group":
        parts = group(worker.part.si(key, number) for number in range(3)).apply_async(**options)
        parts.save()
        return parts.id
    if KIND == "chord":
        return (
            chord([worker.part.si(key, number) for number in range(3)], worker.gather.s(key)).apply_async(**options).id
        )
    if KIND == "replaced":
        return worker.hand_over.apply_async((key,), **options).id
    return worker.work.apply_async((key, "x" * SETTINGS["bytes"][0]), **options).id


def read(task_id):
    """The state, and the result of what has succeeded."""
    if not SETTINGS["reads_results"]:
        return {"status": "PENDING", "result": None}
    if KIND == "group":
        return read_group(task_id)
    meta = worker.app.backend.get_task_meta(task_id)
    return {"status": meta["status"], "result": meta["result"] if meta["status"] == "SUCCESS" else None}


def read_group(group_id):
    parts = GroupResult.restore(group_id, app=worker.app)
    if parts is None or not parts.ready():
        return {"status": "PENDING", "result": None}
    if parts.failed():
        return {"status": "FAILURE", "result": None}
    return {"status": "SUCCESS", "result": [child.result for child in parts.results]}


class Threads:
    """So many threads that take turns, each with a connection of its own to the broker, which it opens at its first turn and keeps."""

    def __init__(self, count):
        self._each = [ThreadPoolExecutor(1) for _ in range(count)]
        self._turn = itertools.count()
        self._own = threading.local()

    async def call(self, function, *arguments):
        thread = self._each[next(self._turn) % len(self._each)]
        return await asyncio.get_running_loop().run_in_executor(thread, function, *arguments)

    def connection(self):
        if not hasattr(self._own, "connection"):
            self._own.connection = worker.app.connection_for_write()
        return self._own.connection


threads = Threads(40)


def submit_in_a_thread(key):
    return submit(key, threads.connection())


if SETTINGS["api"] == "async":

    @api.post("/work", status_code=202)
    async def post_work(body: dict):
        return {"task_id": submit(body["key"])}

    @api.get("/work/{task_id}")
    async def get_work(task_id: str):
        return read(task_id)

elif SETTINGS["api"] == "threads":

    @api.post("/work", status_code=202)
    async def post_work(body: dict):
        return {"task_id": await threads.call(submit_in_a_thread, body["key"])}

    @api.get("/work/{task_id}")
    async def get_work(task_id: str):
        return await threads.call(read, task_id)

else:

    @api.post("/work", status_code=202)
    def post_work(body: dict):
        return {"task_id": submit(body["key"])}

    @api.get("/work/{task_id}")
    def get_work(task_id: str):
        return read(task_id)
