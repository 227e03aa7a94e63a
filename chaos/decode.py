"""What comes back cannot be decoded.

As an operator meets it: a release lets a task return an object that is no JSON; another raises an exception that cannot be
rebuilt from its arguments; somebody's script overwrites a result; an old client sends pickle, and another a task that no
longer exists. The status route answers 500, or the caller waits for an end that never comes.

What cures it: a status that is read from a record of the system's own, failures kept as a type and a message (never as an
object to be rebuilt), and a response model that allows for them.
"""

from stormproof import BadMessage, GarbleResult, Injection, Misbehave, Scenario, Workload

scenario = Scenario(
    name="decode",
    title="results, exceptions and messages that cannot be decoded",
    workload=Workload(tasks=8, rate_per_s=4),
    storm=(
        Injection(fault=Misbehave(do="return_unserialisable", place=2), for_s=5.0),
        Injection(fault=Misbehave(do="raise_unrebuildable", place=3), for_s=5.0),
        Injection(fault=GarbleResult(place=1), for_s=5.0),
        Injection(fault=BadMessage(kind="forbidden_content_type"), at_s=1.0),
        Injection(fault=BadMessage(kind="undecodable"), at_s=1.2),
        Injection(fault=BadMessage(kind="unknown_task"), at_s=1.4),
    ),
)
