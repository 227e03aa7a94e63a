"""Redis freezes just as everybody submits."""

from stormproof import Injection, Pause, Scenario, Workload

scenario = Scenario(
    name="burst_while_frozen",
    title="Redis answers nothing for 8 s, in which 60 tasks are submitted",
    workload=Workload(tasks=60, rate_per_s=30),
    storm=(Injection(fault=Pause(component="redis"), at_s=0.2, for_s=8.0),),
)
