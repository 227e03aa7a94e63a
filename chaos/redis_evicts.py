"""Redis evicts keys: it was configured as a cache.

As an operator meets it: one Redis for cache and broker, `maxmemory-policy allkeys-lru`, a busy day. A queue is a key like any
other, and goes; so do results and the record of unacknowledged messages. No error anywhere.

What cures it: `noeviction` for a broker; and, because somebody will change that some day, a record of accepted submissions outside Redis.
"""

from stormproof import Evict, Injection, Scenario, State, Workload

scenario = Scenario(
    name="redis_evicts",
    title="Redis evicts all its keys while tasks are queued",
    workload=Workload(tasks=16, rate_per_s=12, held_s=4.0),
    storm=(Injection(fault=Evict(), at_s=3.0, for_s=0.3),),
    states=tuple(State),
    demo_states=(State.IDLE,),
)
