"""The result backend alone is down; the broker is well.

As an operator meets it: results live on another Redis, because somebody read that they should. Tasks run, their e-mails are
sent, and the results cannot be stored: the worker retries inside the task's slot, and the status route answers 500.

What cures it: bounds on the backend's retries, and an outcome that is recorded elsewhere than in the result backend alone.
"""

from stormproof import Injection, Kill, Scenario, State, Workload

scenario = Scenario(
    name="results_down",
    title="the result backend is down for 6 s, the broker is not",
    workload=Workload(tasks=10, rate_per_s=3),
    storm=(Injection(fault=Kill(component="redis.results"), at_s=1.0, for_s=6.0),),
    states=tuple(State),
    demo_states=(State.IDLE,),
)
