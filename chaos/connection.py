"""Redis is down: at publish, and when a worker starts.

As an operator meets it: the broker's machine reboots. `Error 111 connecting to 127.0.0.1:6379. Connection refused`, says every
log. A worker that is deployed in that minute climbs a ladder of retries (2 s, 4 s, 6 s ...), and is back long after
Redis is. An API that publishes from an `async def` without a bound on retries blocks its event loop: one POST stands for about
19 s (most of them in the result backend, to which `send_task` subscribes before it publishes) and then answers 500, and so long
every other request stands behind it.

What cures it: publish off the event loop, without retries and with a deadline, and answer 503 with `Retry-After`; let a
worker that cannot connect exit soon, and a supervisor start it again.
"""

from stormproof import Injection, Kill, Scenario, State, Workload

scenario = Scenario(
    name="connection",
    title="Redis is down for 21 s; a worker is started and tasks are submitted meanwhile",
    workload=Workload(tasks=8, rate_per_s=2),
    storm=(
        Injection(fault=Kill(component="redis"), at_s=1.0, for_s=21.0),
        Injection(fault=Kill(component="worker"), at_s=2.0, for_s=1.0),
    ),
    states=tuple(State),
    demo_states=(State.IDLE,),
)
