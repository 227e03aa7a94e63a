"""Few tasks, with time between them: a worker that has nothing to do."""

from stormproof import Scenario, Workload

scenario = Scenario(
    name="drizzle", title="no fault; a task every two seconds", workload=Workload(tasks=4, rate_per_s=0.5)
)
