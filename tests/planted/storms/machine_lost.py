"""API and broker are lost at once, with all that the broker had."""

from stormproof import Injection, Kill, Scenario, Workload

scenario = Scenario(
    name="machine_lost",
    title="the API and the broker are killed at once, and the broker is back with nothing",
    workload=Workload(tasks=12, rate_per_s=12, held_s=2.5),
    storm=(
        Injection(fault=Kill(component="api"), at_s=0.8, for_s=1.0),
        Injection(fault=Kill(component="redis.broker", lose_data=True), at_s=0.8, for_s=1.0),
    ),
)
