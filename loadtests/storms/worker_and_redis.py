"""A worker is killed and Redis restarted while users come and go.

As an operator meets it: a spot instance goes, and an hour later the managed Redis has its maintenance. Neither is news, both under load.

What cures it: nothing of a task only in memory, and clients that come back by themselves.
"""

from stormproof import Injection, Kill, Scenario

scenario = Scenario(
    name="worker_and_redis",
    title="the worker is killed at 10 s, and Redis restarted at 25 s",
    storm=(
        Injection(fault=Kill(component="worker"), at_s=10, for_s=1),
        Injection(fault=Kill(component="redis"), at_s=25, for_s=2),
    ),
)
