"""A result is written into the void: the e-mail is sent, its result never arrives.

As an operator meets it: the connection to the result backend is dead and nobody has noticed. The pool process waits for the reply to
its write for ever: the task reads PENDING (or STARTED) for ever, and the worker has one process less.

What cures it: a socket timeout on the result backend, and an outcome that is recorded elsewhere than in the result backend alone.
"""

from stormproof import BlackHole, Injection, Scenario, Workload, sends

scenario = Scenario(
    name="result_write_lost",
    title="the connection over which the third task's result is written swallows it, and all that follows",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=BlackHole(new=False), when=sends("worker", meaning="store_result", place=2)),),
)
