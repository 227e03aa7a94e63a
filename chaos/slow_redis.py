"""Redis is slow: every command takes 250 ms.

As an operator meets it: Redis in another region, a fork for a snapshot on a busy host, `KEYS *`. Nothing fails. An API that talks to
Redis from its event loop, command after command, answers everybody late.

What cures it: as few round trips as possible, off the event loop, with a deadline.
"""

from stormproof import Delay, Injection, Scenario, Workload

scenario = Scenario(
    name="slow_redis",
    title="for 8 s every command to Redis takes 250 ms longer",
    workload=Workload(tasks=24, rate_per_s=4),
    storm=(Injection(fault=Delay(delay_ms=250), at_s=0.5, for_s=8.0),),
)
