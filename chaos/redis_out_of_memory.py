"""Redis is full and refuses writes.

As an operator meets it: results without expiry, a queue that nobody consumes. `OOM command not allowed when used memory >
'maxmemory'`. Reading and deleting still work: so a worker's `BRPOP` takes the message off the queue, the record of the
unacknowledged message is refused, and the task is nowhere; the worker's main process dies of it.

What cures it: answer 503 when the broker refuses; a supervisor for the worker; a record of accepted submissions outside Redis.
"""

from stormproof import Injection, OutOfMemory, Scenario, State, Workload

scenario = Scenario(
    name="redis_out_of_memory",
    title="Redis refuses all writes for 5 s",
    workload=Workload(tasks=12, rate_per_s=4, held_s=1.5),
    storm=(Injection(fault=OutOfMemory(), at_s=1.2, for_s=5.0),),
    states=tuple(State),
    demo_states=(State.IDLE,),
)
