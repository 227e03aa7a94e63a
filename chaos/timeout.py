"""A task hangs: the mail server accepts the connection and never answers.

As an operator meets it: the provider's load balancer loses its backend. The task waits in a `recv` that nobody bounded, its
pool slot is gone for ever, and after as many such tasks as there are slots the worker does nothing, alive and well to every
health check. The queue grows.

What cures it: a timeout on the socket, a soft time limit on the task with a retry behind it, and a hard limit behind both.
"""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="timeout",
    title="the mail server accepts connections for 5 s and never answers them",
    workload=Workload(tasks=8, rate_per_s=3),
    storm=(Injection(fault=Mail(mode="silent"), at_s=0.5, for_s=5.0),),
)
