"""An e-mail is delivered, and the connection breaks before the server has said so."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_unconfirmed",
    title="one e-mail is delivered, and never confirmed",
    workload=Workload(tasks=6, rate_per_s=4),
    storm=(Injection(fault=Mail(mode="drop_after_data", place=2), for_s=6.0),),
)
