"""Redis has become a replica: it reads, and refuses every write.

As an operator meets it: a failover, and clients that still talk to the old master by its address: `READONLY You can't write against a
read only replica.`

What cures it: treat it as an outage: a deadline, `503` with `Retry-After`, an outbox; and connections that are opened anew.
"""

from stormproof import ErrorReply, Injection, Scenario, Workload

scenario = Scenario(
    name="read_only",
    title="for 5 s every write to Redis is refused with READONLY",
    workload=Workload(tasks=10, rate_per_s=3),
    storm=(Injection(fault=ErrorReply(error="READONLY"), at_s=1.0, for_s=5.0),),
)
