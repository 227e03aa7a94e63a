"""A publish was executed, and its reply was lost.

As an operator meets it: one submission, two e-mails. The message is in the queue; the client does not know that, and publishes again with the
same task id. Nothing between here and the recipient tells the two apart.

What cures it: a claim on the task's id before the effect, in a store of its own, that the second execution cannot get.
"""

from stormproof import Injection, Reset, Scenario, Workload, receives

scenario = Scenario(
    name="publish_reply_lost",
    title="the API's connection is reset when Redis has executed the publish, before the reply arrives",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(Injection(fault=Reset(), when=receives("api", meaning="publish", place=2)),),
)
