"""A message that is none ends the worker, and then the next one.

As an operator meets it: somebody's script pushes to the wrong list, a proxy cuts a connection in the middle of a message, another
team's client writes a body of its own. Celery's worker reads the message, does not find what it expects, and ends: "Unrecoverable
error". As it ends it puts back what it had in hand, so where a supervisor starts a new worker the same message ends that one, too,
and the queue grows while everything looks as if it were being started.

What cures it: look at each message before Celery does, and drop what your own publisher would not have written, loudly. What was
accepted is written down elsewhere, and submitted again.
"""

from stormproof import BadMessage, Injection, Scenario, Workload

scenario = Scenario(
    name="poison_message",
    title="two messages that Celery's worker dies of: one that is cut off, and one whose body is null",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(
        Injection(fault=BadMessage(kind="null_body"), at_s=0.8),
        Injection(fault=BadMessage(kind="cut_off"), at_s=1.2),
    ),
)
