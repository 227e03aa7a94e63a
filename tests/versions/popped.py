"""The worker dies between taking a message off the queue and recording that it has it."""

from stormproof import Injection, Kill, Scenario, Workload, sends

scenario = Scenario(
    name="popped",
    title="the worker is killed as it records the third message, which it has popped, as unacknowledged",
    workload=Workload(tasks=6, rate_per_s=3),
    storm=(Injection(fault=Kill(component="worker"), when=sends("worker", "HSET", key="unacked", place=2), for_s=0.5),),
)
