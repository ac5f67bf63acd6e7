"""One hypothesis profile for all tests: the same examples on every machine, few enough to finish in seconds."""

from hypothesis import HealthCheck, settings


def load() -> None:
    """Put the profile in force: before tests are collected, for ``@given`` reads it then."""
    settings.register_profile(
        "pulse",
        derandomize=True,
        database=None,
        deadline=None,  # a busy machine is no defect
        max_examples=60,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    settings.load_profile("pulse")
