"""A message is handed to a worker that stands still, and when it moves on Redis refuses the record of the unacknowledged message."""

from stormproof import Injection, OutOfMemory, Pause, Scenario, Workload

scenario = Scenario(
    name="popped_when_full",
    title="the broker's Redis refuses all writes for 4 s, and the worker has popped a message just before",
    workload=Workload(tasks=6, rate_per_s=4),
    storm=(
        Injection(fault=Pause(component="worker"), at_s=0.4, for_s=2.6),
        Injection(fault=OutOfMemory(component="redis.broker"), at_s=2.0, for_s=4.0),
    ),
)
