"""Celery: the probe in its workers, the probe's journal, Celery's own events, and its own faults."""
