"""As many acknowledgements are lost as there are hands."""

from stormproof import Injection, Reset, Scenario, Workload, sends

scenario = Scenario(
    name="acknowledgements_lost",
    title="the worker's connection is reset as it sends the acknowledgements of two tasks",
    workload=Workload(tasks=10, rate_per_s=4),
    storm=tuple(
        Injection(fault=Reset(), when=sends("worker", "ZREM", key="unacked_index", place=place)) for place in (2, 5)
    ),
)
