"""One pool process is killed in mid-task; the worker itself lives.

As an operator meets it: the kernel's OOM killer picks the biggest process, and that is the one at work. Celery notices
(`WorkerLostError`), and marks the task as failed although nobody knows how far it came; the status route answers with an
exception that it cannot render.

What cures it: acknowledge late with `task_reject_on_worker_lost`, so that the task is delivered again, and make it idempotent,
so that this does no harm.
"""

from stormproof import Injection, Kill, Misbehave, Scenario, Workload

scenario = Scenario(
    name="child_killed",
    title="the pool process that runs a task is killed in the middle of it",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(
        Injection(fault=Misbehave(do="hold", place=2), for_s=2.5),
        Injection(fault=Kill(component="worker", how="child", place=2), started=2),
    ),
)
