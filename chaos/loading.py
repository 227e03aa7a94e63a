"""Redis is back, and still loads its data.

As an operator meets it: Redis restarts with a dataset of some gigabytes. It accepts connections at once, and answers every command with
`LOADING Redis is loading the dataset in memory` until it is done.

What cures it: take it for the outage that it is: retries with a bound, a deadline, an outbox.
"""

from stormproof import ErrorReply, Injection, Kill, Scenario, Workload

scenario = Scenario(
    name="loading",
    title="Redis is killed, is back after 1 s, and answers LOADING for 4 s more",
    workload=Workload(tasks=10, rate_per_s=3),
    storm=(
        Injection(fault=Kill(component="redis"), at_s=1.0, for_s=1.0),
        Injection(fault=ErrorReply(error="LOADING"), at_s=1.0, for_s=5.0),
    ),
)
