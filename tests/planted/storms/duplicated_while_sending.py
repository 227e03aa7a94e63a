"""A message arrives twice, and the e-mail is long on its way."""

from stormproof import Duplicate, Injection, Mail, Scenario, Workload, sends

scenario = Scenario(
    name="duplicated_while_sending",
    title="a message is doubled on its way to the broker, while the mail server takes 1 s to accept what it has read",
    workload=Workload(tasks=4, rate_per_s=2),
    storm=(
        Injection(fault=Mail(mode="slow_to_accept", delay_s=1.0), for_s=5.0),
        Injection(fault=Duplicate(), when=sends("api", "LPUSH", key="celery", place=0)),
    ),
)
