"""The worker's connections are cut, and while it comes back one more is: the third that it tries with a PING."""

from stormproof import Injection, Reset, Scenario, Workload, sends

BROKEN = Reset(component="worker", store="broker")

scenario = Scenario(
    name="flapping",
    title="the worker's connections are reset, and one of the new ones again",
    workload=Workload(tasks=8, rate_per_s=1.5),
    storm=(
        Injection(fault=BROKEN, at_s=1.0),
        Injection(fault=BROKEN, when=sends("worker", "PING", store="broker", nth=3)),
    ),
)
