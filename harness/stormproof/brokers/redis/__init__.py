"""Redis as Celery's broker: its servers, its queues, who holds which message, and its own faults."""
