"""Redis accepts connections and drops them for three seconds, while the worker tries to come back."""

from stormproof import Injection, Reset, Scenario, Workload

scenario = Scenario(
    name="flapping",
    title="each connection of the worker's is reset for 3 s as soon as it is accepted",
    workload=Workload(tasks=8, rate_per_s=1.5),
    storm=(Injection(fault=Reset(component="worker", new=True), at_s=1.0, for_s=3.0),),
)
