"""A task kills its worker every time.

As an operator meets it: an attachment that makes a C library crash, a report that needs more memory than there is. With early
acknowledgement it is lost at the first try; with late acknowledgement and `task_reject_on_worker_lost` it comes back, and back, and
kills a worker each time, for ever.

What cures it: count a task's deliveries outside the worker, give it up after some, and keep it where people can see it.
"""

from stormproof import Injection, Misbehave, Scenario, Workload

scenario = Scenario(
    name="poison_task",
    title="one task kills the pool process that runs it, each time that it is delivered",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Misbehave(do="exit", place=2), for_s=8.0),),
)
