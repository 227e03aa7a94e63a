"""E-mails are put off, and then the worker is cut off: what is to be tried again waits for it."""

from stormproof import Injection, Mail, Refuse, Scenario, Workload

scenario = Scenario(
    name="deferred_while_cut_off",
    title="the mail server answers 451 for 3 s, and the worker's connections to the broker are refused for the 9 s after",
    workload=Workload(tasks=4, rate_per_s=4),
    storm=(
        Injection(fault=Mail(mode="reject", code=451), for_s=3.0),
        Injection(fault=Refuse(component="worker", store="broker"), at_s=2.5, for_s=9.0),
    ),
)
