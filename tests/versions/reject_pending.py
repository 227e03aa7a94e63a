"""A task raises `Reject(requeue=False)`: whoever waits for it must be told."""

from stormproof import Scenario, Workload

scenario = Scenario(
    name="reject_pending", title="every task rejects its message", workload=Workload(tasks=3), settle_s=8.0
)
