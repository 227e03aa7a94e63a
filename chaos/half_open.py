"""A connection is dead, and nobody was told: no FIN, no reset.

As an operator meets it: a firewall or a NAT gateway forgets an idle connection. The worker waits for an answer that cannot come. With
no socket timeout it waits for ever; new connections would work, but it opens none.

What cures it: socket timeouts on every connection to Redis, TCP keepalive, and a watchdog behind both.
"""

from stormproof import BlackHole, Injection, Scenario, Workload, receives

scenario = Scenario(
    name="half_open",
    title="the worker's connection swallows everything from the third task on; new connections pass",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=BlackHole(new=False), when=receives("worker", "EXEC", nth=5)),),
)
