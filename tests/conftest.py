"""Of all tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes tells how busy the machine is: other tests run beside it.
settings.register_profile("beside others", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("beside others")
