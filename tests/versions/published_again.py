"""Redis answers nothing for 3 s, and whoever publishes waits for it no longer than 1 s at a time."""

from stormproof import Injection, Pause, Scenario, Workload

scenario = Scenario(
    name="published_again",
    title="Redis answers nothing for 3 s",
    workload=Workload(tasks=6, rate_per_s=3),
    storm=(Injection(fault=Pause(component="redis"), at_s=1.0, for_s=3.0),),
)
