"""One task hangs for ever the first time."""

from stormproof import Injection, Misbehave, Scenario, Workload

scenario = Scenario(
    name="task_hangs",
    title="one task hangs and never comes back",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Misbehave(do="hang", place=2), for_s=2.0),),
)
