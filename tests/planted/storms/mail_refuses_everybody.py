"""The mail server will never take an e-mail, to anybody."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_refuses_everybody",
    title="the mail server answers 550 for everybody",
    workload=Workload(tasks=6, rate_per_s=4),
    storm=(Injection(fault=Mail(mode="reject", code=550), for_s=4.0),),
)
