"""Nothing happens.

The control: a system that is found wanting in calm weather proves nothing in a storm, and a harness that finds fault with a
sound system is worth nothing either.
"""

from stormproof import Scenario, Workload

scenario = Scenario(
    name="calm",
    title="no fault at all",
    workload=Workload(tasks=12, rate_per_s=6),
)
