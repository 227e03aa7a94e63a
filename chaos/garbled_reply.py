"""A reply of Redis arrives garbled.

As an operator meets it: a proxy with a bug, a client that mixed up two connections after a timeout. The worker's main loop meets bytes that
are no reply: `Protocol Error`, and the message that was in it is gone, or the loop does not come back.

What cures it: a record of what was accepted that does not live in the broker, and a watchdog that ends a worker which takes nothing.
"""

from stormproof import Garble, Injection, Scenario, Workload, receives

scenario = Scenario(
    name="garbled_reply",
    title="the reply with which the worker is given the third message is garbled",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Garble(), when=receives("worker", meaning="deliver", place=2)),),
)
