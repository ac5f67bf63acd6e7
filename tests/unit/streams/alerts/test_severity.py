"""How bad an alert is to a person: sure, far and many, all three."""

import pytest

from models.alerts import DEFAULT_RULES
from streams.alerts.severity import severity_of
from streams.detectors.signals import Reading


@pytest.mark.parametrize(
    ("rule", "reading", "severity"),
    [
        ("engagement_spike", Reading(2.5, "engagements", 900.0, 100.0, 8.9, 900), "critical"),
        ("engagement_spike", Reading(1.5, "engagements", 900.0, 100.0, 8.9, 900), "warning"),  # not sure
        ("engagement_spike", Reading(2.5, "engagements", 74.0, 3.0, 18.8, 74), "warning"),  # a small creator's best day
        ("engagement_spike", Reading(2.5, "engagements", 4500.0, 1000.0, 4.5, 4500), "warning"),  # not far
        ("feed_silent", Reading(2.5, "events", 0.0, 400.0, 0.0, 3), "critical"),
        ("feed_silent", Reading(2.5, "events", 0.0, 12.0, 0.0, 3), "warning"),
        ("negative_wave", Reading(2.1, "negative share", 0.6, 0.1, 6.0, 200), "critical"),  # 120 people
        ("negative_wave", Reading(2.1, "negative share", 0.6, 0.1, 6.0, 30), "warning"),  # 18 people
        ("conversion_drop", Reading(2.1, "conversion rate", 0.0, 0.03, 0.0, 600), "critical"),  # 18 orders
        ("conversion_drop", Reading(2.1, "conversion rate", 0.0, 0.03, 0.0, 100), "warning"),  # 3 orders
    ],
)
def test_critical_is_sure_far_and_many(rule, reading, severity):
    """Each of the three alone makes a warning of it."""
    assert severity_of(DEFAULT_RULES[rule], reading) == severity
