"""The Celery application and its tasks. Each submission sends one e-mail, whatever kind of work it is."""

import os
import smtplib
import time
from email.message import EmailMessage

from celery import Celery
from kombu import Queue

from app.settings import SETTINGS

app = Celery("sound")
app.conf.update(SETTINGS["celery"])
if SETTINGS["queues"]:
    app.conf.task_queues = [Queue(name, routing_key=name) for name in SETTINGS["queues"]]

RETRIED = {"autoretry_for": (ConnectionError,), "retry_backoff": 1, "retry_jitter": False, "max_retries": 3}


def place(key):
    """The number at the end of a key."""
    return int(key.rpartition("-")[2])


def text(key):
    return f"Hello from {key}"


def send(key):
    message = EmailMessage()
    message["From"] = "noreply@example.com"
    message["To"] = f"{key}@example.org"
    message["Subject"] = "A message for you"
    message.set_content(text(key))
    with smtplib.SMTP(os.environ["SMTP_HOST"], int(os.environ["SMTP_PORT"]), timeout=10) as server:
        server.send_message(message)


def last(key):
    """Take as long as this configuration says; keys differ, so that tasks do not end in step."""
    shortest, longest = SETTINGS["lasts_s"]
    time.sleep(shortest + (longest - shortest) * (place(key) % 4) / 3)


def outcome(key):
    return {"key": key, "place": place(key), "blob": "x" * SETTINGS["bytes"][1]}


@app.task(
    bind=True, name="sound.work", **SETTINGS["task"], **(RETRIED if SETTINGS["work"] == "retried by Celery" else {})
)
def work(self, key, blob=""):
    last(key)
    if SETTINGS["work"] == "retried by Celery" and not self.request.retries:
        raise ConnectionError("the first attempt fails")
    if SETTINGS["work"] == "retried by hand" and not self.request.retries:
        raise self.retry(countdown=1, max_retries=3)
    if SETTINGS["work"] == "fails":
        raise ValueError(f"{key} cannot be done")
    send(key)
    return outcome(key)


@app.task(name="sound.note")
def note(key):
    """A small task before or after another."""
    return place(key)


@app.task(name="sound.part")
def part(key, number):
    """One part of a group or of a chord's header; only the first of a group sends the e-mail."""
    if number == 0 and SETTINGS["work"] == "group":
        send(key)
    return [place(key), number]


@app.task(name="sound.gather")
def gather(parts, key):
    """The body of a chord."""
    send(key)
    return {"key": key, "parts": sorted(parts)}


@app.task(bind=True, name="sound.hand_over")
def hand_over(self, key):
    """A task that has another one take its place, under the same id."""
    raise self.replace(work.si(key))
