"""One application for all sound configurations: an API, a worker, and a task that sends an e-mail.

What it does is told by `SOUND_SETTINGS`, a JSON object (see `settings.py`). Runs on Celery 5.3 and later.
"""
