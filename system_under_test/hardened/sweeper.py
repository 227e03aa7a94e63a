"""The sweeper: `python -m hardened.sweeper`. Publishes again what was accepted and has no outcome; and retries that
are due.

One of it is enough; several do no harm.
"""

from __future__ import annotations

import logging
import math
import signal
import sqlite3
import threading

from hardened.broker_queue import BrokerQueue, HasLength
from hardened.intake import Publishes
from hardened.journal import Journal
from hardened.publisher import BrokerUnavailableError, Publisher
from hardened.settings import Settings

logger = logging.getLogger("hardened.sweeper")

BATCH = 100
"""Published in one sweep: a broker that comes back is not to be flooded."""

BACKLOG_FACTOR = 10
"""How much more patience while messages wait in the queue: a mere backlog must not be made longer.

And none is published again as long as the queue holds a message for each submission that waits for one: else a backlog of more than that
patience would be published again and again, and the workers, busy with repetitions, would never come to its end.
"""


def sweep(settings: Settings, journal: Journal, publisher: Publishes, queue: HasLength) -> int:
    """One sweep; how many were published. Raises BrokerUnavailableError."""
    queued = queue.length()
    if queued is None:
        raise BrokerUnavailableError("no answer")
    found = journal.due(BATCH, patience_s(queued, journal.waiting(), settings.resubmit_after_s))
    for due in found:
        publisher.publish(due.task_id, due.arguments)
        journal.published(due, settings.resubmit_after_s)
        logger.info("%s published again", due.task_id)
    journal.forget_finished(settings.keep_outcomes_s)
    return len(found)


def patience_s(queued: int, waiting: int, resubmit_after_s: float) -> float:
    """Beyond when it was due, how long a submission is left to the message that it had; `waiting` as `Journal.waiting()` has it."""
    if not queued:
        return 0.0
    return math.inf if queued >= waiting else resubmit_after_s * BACKLOG_FACTOR


def run(settings: Settings, stop: threading.Event) -> None:
    """Sweep until told to stop. A broker or a journal that is not there is waited for."""
    journal = Journal(settings.journal_path)
    publisher = Publisher(settings)
    queue = BrokerQueue(settings.celery_broker_url, settings.publish_timeout_s)
    trouble = ""
    while not stop.wait(settings.sweep_every_s):
        try:
            sweep(settings, journal, publisher, queue)
            now = ""
        except (BrokerUnavailableError, sqlite3.OperationalError) as error:
            now = f"{type(error).__name__}: {error}"
        if now != trouble:  # Said once, not at each sweep.
            logger.warning("cannot sweep: %s", now) if now else logger.warning("sweeping again")
        trouble = now


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    stop = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: stop.set())
    settings = Settings()
    logger.info("sweeper ready")
    run(settings, stop)


if __name__ == "__main__":
    main()
