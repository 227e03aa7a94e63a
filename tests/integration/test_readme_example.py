"""README's description, pasted as it stands beside an application as its comments say, runs and gets a verdict."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECTION = (ROOT / "README.md").read_text().partition("## Point it at your own system")[2].partition("\n## ")[0]

WORKER = """
import os
import time

from celery import Celery

app = Celery("shop")
app.conf.result_backend = os.environ["CELERY_RESULT_BACKEND"]


@app.task(name="shop.order", acks_late={late})
def order(customer):
    time.sleep(0.3)
    return f"shipped to {{customer}}"
"""
API = """
from celery.result import AsyncResult
from fastapi import FastAPI
from pydantic import BaseModel
from shop.worker import app as celery
from shop.worker import order

app = FastAPI()


class Order(BaseModel):
    customer: str


@app.get("/health")
def health():
    return {"up": True}


@app.post("/orders")
def place(body: Order):
    return {"task_id": order.delay(body.customer).id}


@app.get("/tasks/{task_id}")
def read(task_id: str):
    found = AsyncResult(task_id, app=celery)
    return {"status": found.status, "result": found.result if found.successful() else None}
"""


def fenced(language: str) -> str:
    """The section's block in this language."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return str(found)


def shop(folder: Path, *, late: bool = True) -> None:
    (folder / "shop").mkdir()
    (folder / "shop" / "__init__.py").touch()
    (folder / "shop" / "api.py").write_text(API)
    (folder / "shop" / "worker.py").write_text(WORKER.format(late=late))
    (folder / "chaos").symlink_to(ROOT / "chaos")
    (folder / "stormproof.toml").write_text(fenced("toml"))


def stormproof(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stormproof.cli", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize(("late", "code", "word"), [(False, 1, "invalid"), (True, 0, "valid")])
def test_the_pasted_example_runs_and_its_verdict_is_right(tmp_path: Path, late: bool, code: int, word: str) -> None:
    """A worker that is killed loses what it has acknowledged early, and nothing that it acknowledges late."""
    shop(tmp_path, late=late)
    program, *words = fenced("sh").split()
    assert program == ".venv/bin/stormproof"
    run = stormproof(tmp_path, *words)
    assert (run.returncode, run.stderr) == (code, ""), run.stdout
    assert "worker_killed on shop" in run.stdout and word in run.stdout
    assert "note:" not in run.stdout
