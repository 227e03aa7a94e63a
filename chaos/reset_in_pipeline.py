"""The connection is cut in mid-pipeline: between taking a message and noting that it was taken.

As an operator meets it: one connection is reset, and one task is gone. kombu pops a message with `BRPOP` and then notes it as
unacknowledged in a second step; in between, neither the queue nor a worker holds the message. Late acknowledgement does not
help: there is nothing yet to acknowledge.

What cures it: a record of what was accepted that does not live in the broker, and a sweeper that submits again what has no outcome.
"""

from stormproof import Injection, Reset, Scenario, Workload, sends

scenario = Scenario(
    name="reset_in_pipeline",
    title="the worker's connection is reset between BRPOP's reply and the note that the message is unacknowledged",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Reset(), when=sends("worker", meaning="hold", place=2)),),
)
