"""A system that answers, logs and forks as no system should; but its warm-up succeeds, or nothing of it would be seen."""

import json
import os
import re
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from celery import Celery
from celery.result import AsyncResult

app = Celery("hostile", broker=os.environ.get("HOSTILE_REDIS"), backend=os.environ.get("HOSTILE_REDIS"))
STEERING = "\x1b[2J\x1b]0;owned\x07\r\n\x9b31m\u202e"
GIGABYTE = 1 << 30


@app.task(name="hostile.work")
def work(key):
    print(f"{STEERING} at work on {key}")
    return key


def deep(depth):
    return b'{"task_id": ' + b"[" * depth + b"]" * depth + b', "status": ' + b"[" * depth + b"]" * depth + b"}"


STATUSES = {
    0: b'{"status": "SUCCESS", "result": ',
    1: b"\x00\xff\x1b[2J<html>" * 20,
    2: deep(100_000),
    3: json.dumps({"status": "S" * 900_000, "result": None}).encode(),
    4: json.dumps({"status": f"\x00{STEERING}", "result": STEERING}).encode(),
    5: b'{"status": "\\ud800", "result": "\\udfff"}',
    6: b'{"status": {"a": 1}, "result": [1e999, NaN]}',
    7: None,  # a gigabyte
}
"""Place of the submission -> what the status route says of it."""
SUBMISSIONS = {8: deep(100_000), 9: None, 10: json.dumps({"task_id": "i" * 5000}).encode()}
NAMES = {4: f"\x00?#{STEERING}", 5: "\ud800", 11: "/../../../up"}
"""Place -> what its task id ends with."""


class Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        key = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["key"]
        place = int(key.rpartition("-")[2])
        sent = work.delay(key)
        name = f"{sent.id}{NAMES.get(place, '')}"
        self.known[sent.id] = place
        self.answer(202, SUBMISSIONS.get(place, json.dumps({"task_id": name}).encode()))

    def do_GET(self):
        if self.path == "/ready":
            self.answer(200, None)
            return
        found = re.search("[0-9a-f-]{36}", self.path)
        task_id = found.group() if found else ""
        place = self.known.get(task_id, 1)
        if place in STATUSES:
            self.answer(500 if place == 1 else 200, STATUSES[place])
            return
        result = AsyncResult(task_id, app=app)
        value = result.result if result.successful() else None
        self.answer(200, json.dumps({"status": result.status, "result": value}).encode())

    def answer(self, code, body):
        self.send_response(code, "hostile\x1b[2J")
        self.send_header("X-Hostile", "\x1b[2J")
        self.send_header("Content-Length", str(GIGABYTE if body is None else len(body)))
        self.end_headers()
        if body is not None:
            self.wfile.write(body)
            return
        for _ in range(GIGABYTE >> 16):
            self.wfile.write(bytes(1 << 16))

    def log_message(self, *said):
        print(STEERING, self.path)

    known = {}


def flood():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("first words", flush=True)
    for _ in range(1600):
        os.write(1, b"the same again\n" * 4096)
    print("last words", flush=True)
    time.sleep(600)


def fork():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for _ in range(3):  # A tree of eight.
        os.fork()
    for _ in range(2):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.chdir("/")
                nothing = os.open("/dev/null", os.O_RDWR)
                for number in range(3):
                    os.dup2(nothing, number)
                time.sleep(600)
            os._exit(0)
    os.write(1, b"all are born\n")
    time.sleep(600)


if __name__ == "__main__":
    if sys.argv[1] == "api":
        ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Api).serve_forever()
    {"flood": flood, "fork": fork}[sys.argv[1]]()
