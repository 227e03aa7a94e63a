"""Many tasks in calm weather, for long enough that what each leaves behind can be told from a pool that fills."""

from stormproof import Scenario, Workload

scenario = Scenario(name="crowd", title="no fault; 240 tasks", workload=Workload(tasks=240, rate_per_s=10, poll_s=1.0))
