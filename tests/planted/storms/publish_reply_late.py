"""A publish was executed and its reply is late; the client is told to come again, and does."""

from stormproof import Delay, Injection, Scenario, Workload, receives

scenario = Scenario(
    name="publish_reply_late",
    title="the reply to a publish comes 1.5 s late, and clients send again what was answered with 503",
    workload=Workload(tasks=8, rate_per_s=4, again=3),
    storm=(Injection(fault=Delay(delay_ms=1500), when=receives("api", "LPUSH", key="celery", place=2)),),
)
