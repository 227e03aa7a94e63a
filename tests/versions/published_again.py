"""Redis freezes for 3 s as a task is on its way into the queue, and whoever publishes waits for it no longer than 1 s at a time."""

from stormproof import Injection, Pause, Scenario, Workload, sends

scenario = Scenario(
    name="published_again",
    title="Redis answers nothing for 3 s",
    workload=Workload(tasks=6, rate_per_s=3),
    # A freeze by the clock may find no message on its way, and then nothing is published twice.
    storm=(Injection(fault=Pause(component="redis"), when=sends("api", "LPUSH", key="celery", place=2), for_s=3.0),),
)
