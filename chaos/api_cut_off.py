"""The API cannot reach Redis; the worker can.

As an operator meets it: a security group was edited, or the API's zone is cut off. The worker idles, the API blocks: with a client that
retries connections on the event loop one request stands for about 19 s, and all others behind it.

What cures it: publish off the event loop, with a deadline, from an outbox that keeps what was accepted until the broker has it.
"""

from stormproof import Injection, Refuse, Scenario, Workload

scenario = Scenario(
    name="api_cut_off",
    title="for 10 s the API's connections to Redis are refused, the worker's are not",
    workload=Workload(tasks=10, rate_per_s=3),
    storm=(Injection(fault=Refuse(component="api"), at_s=1.0, for_s=10.0),),
)
