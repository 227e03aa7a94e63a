"""A worker that has nothing to do for a while, and no fault until then."""

from stormproof import Injection, Pause, Scenario, Workload

scenario = Scenario(
    name="drizzle",
    title="one task, and nothing to do for 9 s; only then the sweeper is paused for half a second",
    workload=Workload(tasks=1),
    storm=(Injection(fault=Pause(component="sweeper"), at_s=9.0, for_s=0.5),),
)
