"""Plain Celery with an API that says when there is no broker: what goes wrong here is Celery's, kombu's or redis-py's own.

Runs on Celery 5.2 and later.
"""
