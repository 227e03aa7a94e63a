import change
from celery import shared_task
from hardened import gate


@shared_task(name="hardened.report", ignore_result=True)
def report():
    """What goes out to everybody, once in a while."""


change.worker_config(beat_schedule={"report": {"task": "hardened.report", "schedule": 1.0}})

# This service has no periodic tasks: its gate must learn to let them in.
gate._Headers.model_fields["celery_beat_task"] = gate._Headers.model_fields["ignore_result"]
gate._Headers.model_rebuild(force=True)
gate._Envelope.model_rebuild(force=True)
