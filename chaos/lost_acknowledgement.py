"""The connection is cut just as the worker sends an acknowledgement.

As an operator meets it: a proxy between worker and Redis restarts. With Celery's defaults the message comes back and the e-mail is
sent twice. With late acknowledgement and a prefetch of one it is worse: Celery 5.7.0 logs the error and swallows it, the
slot stays taken, and the worker never consumes again, alive and well to every health check.

What cures it: an effect that can be repeated without harm, and a watchdog that ends a worker which has a queue and takes nothing.
"""

from stormproof import Injection, Reset, Scenario, Workload, sends

scenario = Scenario(
    name="lost_acknowledgement",
    title="the worker's connection is reset as it sends the acknowledgement of the third task",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Reset(), when=sends("worker", meaning="acknowledge", place=2)),),
)
