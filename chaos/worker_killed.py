"""A worker is killed while it runs a task.

As an operator meets it: the kernel's OOM killer, a spot instance, a node that dies. With Celery's defaults the message was
acknowledged before the task began, so the task is gone: its state is PENDING (or STARTED) for ever, and nobody is told.

What cures it: acknowledge late, make the task idempotent, and keep a record of what was accepted that does not live in the
broker, so that what has no outcome can be submitted again.
"""

from stormproof import Injection, Kill, Misbehave, Scenario, Workload

scenario = Scenario(
    name="worker_killed",
    title="the worker and all its processes are killed in mid-task, and started again after 1 s",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(
        Injection(fault=Misbehave(do="hold", place=2), for_s=4.0),
        # Not as it begins: the acknowledgement leaves the worker a moment after that.
        Injection(fault=Kill(component="worker"), started=2, at_s=3.0, for_s=1.0),
    ),
)
