"""Redis is killed and comes back with what it had on disk.

As an operator meets it: a minor upgrade, an OOM kill, a failing health check. What Redis kept depends on its configuration:
by default a snapshot that is minutes old. Workers climb their ladder of retries; a Celery 5.7.0 worker that holds an
unacknowledged message when Redis returns dies of `'NoneType' object has no attribute 'hostname'`.

What cures it: an append-only file, a supervisor that starts dead workers again, late acknowledgement, and a record of
accepted submissions outside the broker.
"""

from stormproof import Injection, Kill, Scenario, State, Workload

scenario = Scenario(
    name="redis_restarted",
    title="Redis is killed and back after 4 s with what its configuration kept",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Kill(component="redis"), at_s=1.0, for_s=4.0),),
    states=tuple(State),
    demo_states=(State.RUNNING_EARLY, State.HOLDING_ETA),
)
