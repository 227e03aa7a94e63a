"""Many tasks in calm weather, so that what each leaves behind adds up."""

from stormproof import Scenario, Workload

scenario = Scenario(name="crowd", title="no fault; 80 tasks", workload=Workload(tasks=80, rate_per_s=20))
