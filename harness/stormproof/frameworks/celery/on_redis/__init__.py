"""Celery's messages as kombu keeps them in a Redis."""
