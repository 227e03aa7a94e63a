"""The values that users write, once checked: systems, scenarios, workloads, faults and triggers."""
