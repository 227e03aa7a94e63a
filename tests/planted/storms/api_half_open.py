"""The API's connections swallow everything for a while, as a firewall that has lost its table does."""

from stormproof import BlackHole, Injection, Scenario, Workload

scenario = Scenario(
    name="api_half_open",
    title="the API's connections to the broker swallow everything for 4 s",
    workload=Workload(tasks=32, rate_per_s=8),
    storm=(Injection(fault=BlackHole(component="api", store="broker"), at_s=0.5, for_s=4.0),),
)
