"""Redis is killed and comes back empty.

As an operator meets it: a container without a volume, a replaced machine, a failover to a replica that had nothing yet.
Every queued task, every unacknowledged one and every result is gone; the callers' task ids read PENDING, as unknown ids do.

What cures it: the record of what was accepted lives in another failure domain than the broker, and a sweeper submits again what
has no outcome.
"""

from stormproof import Injection, Kill, Scenario, State, Workload

scenario = Scenario(
    name="redis_wiped",
    title="Redis is killed and back after 3 s with nothing",
    workload=Workload(tasks=12, rate_per_s=8, held_s=3.0),
    storm=(Injection(fault=Kill(component="redis", lose_data=True), at_s=1.5, for_s=3.0),),
    states=tuple(State),
    demo_states=(State.RUNNING_LATE,),
)
