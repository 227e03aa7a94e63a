"""More tasks than hands, each of them long: nothing happens but work."""

from stormproof import Scenario, Workload

scenario = Scenario(
    name="pile",
    title="no fault; tasks pile up behind tasks that last 2 s",
    workload=Workload(tasks=120, rate_per_s=60, held_s=2.0),
)
