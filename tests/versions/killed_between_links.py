"""The pool process dies when the success of a chain's first task is stored and its second is not sent yet."""

from stormproof import Injection, Kill, Scenario, Workload, receives

scenario = Scenario(
    name="killed_between_links",
    title="the pool process dies between the result of a task and the publication of the next",
    workload=Workload(tasks=4, rate_per_s=1),
    storm=(Injection(fault=Kill(component="worker", how="child"), when=receives("worker", "EXEC", store="results")),),
)
