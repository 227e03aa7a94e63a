"""Redis goes down soon after the first submission, and the others come meanwhile."""

from stormproof import Injection, Kill, Scenario, Workload

scenario = Scenario(
    name="redis_down",
    title="Redis is down for 4 s, in which most tasks are submitted",
    workload=Workload(tasks=20, rate_per_s=5),
    storm=(Injection(fault=Kill(component="redis"), at_s=0.3, for_s=4.0),),
)
