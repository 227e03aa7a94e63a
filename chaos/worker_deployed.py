"""A worker is terminated under load, as in every deploy.

As an operator meets it: SIGTERM, a grace period, SIGKILL. Celery's warm shutdown waits for the running tasks; those that last longer
than the grace period die with the worker, and with early acknowledgement they are gone.

What cures it: late acknowledgement, a soft shutdown that hands unfinished tasks back in time, and idempotent tasks.
"""

from stormproof import Injection, Misbehave, Scenario, Stop, Workload

scenario = Scenario(
    name="worker_deployed",
    title="the worker is terminated under load, with 3 s of grace, and the next one is started",
    workload=Workload(tasks=12, rate_per_s=4),
    storm=(
        Injection(fault=Misbehave(do="hold", place=3), for_s=6.0),
        Injection(fault=Stop(component="worker", grace_s=3.0), started=3),
    ),
)
