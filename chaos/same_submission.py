"""The same submission twenty times at once.

As an operator meets it: an impatient user, a client library that retries, a proxy that replays a request whose answer was
lost. Each POST makes a task with an id of its own, and the recipient gets twenty e-mails.

What cures it: the request itself (or an `Idempotency-Key`) determines the task's id, one insert decides which of the twenty
is first, and the send is claimed by task id.
"""

from stormproof import Scenario, Workload

scenario = Scenario(
    name="same_submission",
    title="each submission is sent twenty times at once",
    workload=Workload(tasks=2, rate_per_s=1, copies=20, clients=20),
)
