"""Redis is frozen: it accepts connections and answers nothing.

As an operator meets it: a slow disk under `appendfsync always`, a long Lua script, a machine that is being moved. Nothing is
refused, so nothing fails: every client without a timeout of its own waits. `delay()`, `delay(retry=False)` and `get(timeout=3)` stand
for more than 20 s on defaults.

What cures it: socket timeouts everywhere, publishing off the event loop, and a status that needs no Redis.
"""

from stormproof import Injection, Pause, Scenario, State, Workload

scenario = Scenario(
    name="redis_frozen",
    title="Redis answers nothing for 10 s",
    workload=Workload(tasks=8, rate_per_s=3),
    storm=(Injection(fault=Pause(component="redis"), at_s=1.0, for_s=10.0),),
    states=tuple(State),
    demo_states=(State.IDLE, State.PREFETCHED),
)
