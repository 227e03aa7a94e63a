"""The worker cannot reach Redis, and does not notice; the API can.

As an operator meets it: the worker's node loses its network for some seconds. Tasks are accepted and pile up. When the network is
back, the worker still waits on connections that are dead, and the pile grows.

What cures it: socket timeouts and keepalive in the worker, a watchdog that ends a worker which takes nothing, a supervisor behind it.
"""

from stormproof import BlackHole, Injection, Scenario, Workload

scenario = Scenario(
    name="worker_cut_off",
    title="for 5 s all that the worker sends to Redis and all that Redis sends to it is swallowed",
    workload=Workload(tasks=10, rate_per_s=3),
    storm=(Injection(fault=BlackHole(component="worker"), at_s=1.0, for_s=5.0),),
)
