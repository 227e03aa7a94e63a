"""The mail server takes no e-mail for a while, and says that it will."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_defers_everybody",
    title="the mail server answers 451 for everybody for 9 s",
    workload=Workload(tasks=6, rate_per_s=6),
    storm=(Injection(fault=Mail(mode="reject", code=451), for_s=9.0),),
)
