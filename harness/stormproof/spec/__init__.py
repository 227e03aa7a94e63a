"""What people write: systems, scenarios, workloads, faults and triggers, as checked values."""
