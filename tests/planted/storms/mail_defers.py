"""The mail server takes no e-mail to one recipient for a while."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_defers",
    title="the mail server answers 451 for one recipient for 10 s",
    workload=Workload(tasks=6, rate_per_s=4),
    storm=(Injection(fault=Mail(mode="reject", place=2, code=451), for_s=10.0),),
)
