"""The mail server will never take an e-mail to one recipient."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_refuses",
    title="the mail server answers 550 for one recipient",
    workload=Workload(tasks=6, rate_per_s=4),
    storm=(Injection(fault=Mail(mode="reject", place=2, code=550), for_s=4.0),),
)
