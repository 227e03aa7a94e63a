"""The mail server takes connections and says nothing: each attempt lasts until its time is out, and is seen to last."""

from stormproof import Injection, Mail, Scenario, Workload

scenario = Scenario(
    name="mail_silent",
    title="the mail server says nothing for 8 s",
    workload=Workload(tasks=6, rate_per_s=4),
    storm=(Injection(fault=Mail(mode="silent"), for_s=8.0),),
)
