"""A message arrives twice, and the task takes its time."""

from stormproof import Duplicate, Injection, Mail, Scenario, Workload, sends

scenario = Scenario(
    name="duplicated_message",
    title="a message is doubled on its way to the broker, while the mail server is slow",
    workload=Workload(tasks=4, rate_per_s=2),
    storm=(
        Injection(fault=Mail(mode="slow", delay_s=0.3), for_s=4.0),
        Injection(fault=Duplicate(), when=sends("api", "LPUSH", key="celery", place=2)),
    ),
)
