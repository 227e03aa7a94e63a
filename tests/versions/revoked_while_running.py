"""A task is revoked while it runs, and runs on: what does its status say?"""

from stormproof import Injection, Misbehave, Revoke, Scenario, Workload

scenario = Scenario(
    name="revoked_while_running",
    title="a running task is revoked without being terminated, and ends 3 s later",
    workload=Workload(tasks=4, rate_per_s=4),
    storm=(
        Injection(fault=Misbehave(do="hold", place=1), for_s=4.0),
        Injection(fault=Revoke(place=1), started=1),
    ),
)
