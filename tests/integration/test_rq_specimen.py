"""The specimen on RQ, whole: its API, its worker, Redis and a mail server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from rq_workers import Worker, answers, free_port, redis_server, wait_until

SYSTEMS = Path(__file__).parents[2] / "system_under_test"


class Kept(Sink):
    """What was sent."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: object, session: object, envelope: object) -> str:  # noqa: N802  # aiosmtpd's name
        self.mails.append(envelope.content)  # type: ignore[attr-defined]
        return "250 OK"


@contextmanager
def mail_server() -> Iterator[tuple[int, Kept]]:
    kept, port = Kept(), free_port()
    controller = Controller(kept, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, kept
    finally:
        controller.stop()


@pytest.fixture
def specimen(tmp_path: Path) -> Iterator[tuple[str, Kept]]:
    """Where its API answers, and what it has sent."""
    port = free_port()
    with redis_server(tmp_path) as (redis_url, _), mail_server() as (smtp_port, kept):
        told = {"RQ_REDIS_URL": redis_url, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(smtp_port)}
        folder = tmp_path / "default"  # The name is that of the queue, too.
        folder.mkdir()
        worker = Worker(folder, redis_url, environment={**told, "PYTHONPATH": f"{folder}:{SYSTEMS}"})
        command = [sys.executable, "-m", "uvicorn", "rq_tutorial.api:app", "--port", str(port), "--log-level=warning"]
        api = subprocess.Popen(command, env={**worker.env, "STORMPROOF_JOURNAL": ""}, cwd=SYSTEMS)
        try:
            worker.wait_for("", "ready")
            wait_until(lambda: answers(port), "the API answers")
            yield f"http://127.0.0.1:{port}", kept
        finally:
            api.kill()
            api.wait()
            worker.kill()
            worker.redis.close()


def test_a_submission_becomes_a_mail_and_its_status_says_so(specimen: tuple[str, Kept]) -> None:
    address, kept = specimen
    mail = {"recipient": "storm-00ab-0001@example.org", "content": "storm-00ab-0001: Grüße"}
    with httpx.Client(base_url=address) as client:
        job_id = client.post("/send-email", json=mail).raise_for_status().json()["job_id"]

        def ended() -> dict[str, object] | None:
            answer = client.get(f"/jobs/{job_id}").raise_for_status().json()
            assert answer["status"] in ("queued", "started", "finished"), answer
            return answer if answer["status"] == "finished" else None

        answer = wait_until(ended, "the job is finished")
        assert answer["result"] == {"status": "sent", "recipient": "storm-00ab-0001@example.org"}
        assert client.get("/jobs/nobody-submitted-this").status_code == 404
    assert len(kept.mails) == 1
    assert b"To: storm-00ab-0001@example.org" in kept.mails[0]
