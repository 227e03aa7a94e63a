"""The mail server reads each e-mail, and takes its time before it says that it has it."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_slow_to_accept",
    title="the mail server takes 1.2 s to accept what it has read",
    workload=Workload(tasks=6, rate_per_s=3),
    storm=(Injection(fault=Mail(mode="slow_to_accept", delay_s=1.2), for_s=5.0),),
)
