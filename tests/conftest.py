"""What all tests share."""

from hypothesis import HealthCheck, settings

# A busy machine is no defect of the code: how long an example takes is measured in `benchmarks/`.
settings.register_profile("stormproof", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("stormproof")
