"""Redis dies and is back after 4 s, and nothing but the state of the worker is in its way: no other task is under way."""

from stormproof import Injection, Kill, Scenario, State, Workload

scenario = Scenario(
    name="restarted",
    title="Redis is killed, and started again after 4 s",
    workload=Workload(tasks=1),
    storm=(Injection(fault=Kill(component="redis"), at_s=1.5, for_s=4.0),),
    states=(State.RUNNING_LATE, State.HOLDING_ETA),
)
