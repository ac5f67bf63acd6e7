"""How bad an alert is to a person: how sure it is, how far from the usual, and how many people it is about.

A small creator's best day is sure and far, and no reason to wake anybody; a campaign's lost tenth is many and sure, and
not far. ``critical`` is what is all three.
"""

from typing import Final

from models.alerts import AlertRule, RuleName, Severity
from streams.detectors.signals import Reading

FAR_RISE: Final = 6.0
"""Times the usual count."""
FAR_DROP: Final = 0.2
"""Part of the usual count or rate that is left."""
FAR_SHARE: Final = 0.4
"""Share of comments that are negative, or of codes used without a click: every other one, nearly."""
MANY: Final[dict[RuleName, float]] = {
    "engagement_spike": 100.0,
    "entries_spike": 100.0,
    "engagement_drop": 50.0,
    "feed_silent": 50.0,
    "negative_wave": 30.0,
    "conversion_drop": 10.0,
    "code_leak": 20.0,
}
"""People: more or fewer than usual in the window; in the last windows for shares and orders, each of which is money."""


def severity_of(rule: AlertRule, reading: Reading) -> Severity:
    """Return the severity of an alert that opens or grows with this reading.

    Args:
        rule: its thresholds; ``urgent_at`` is where it is sure.
        reading: the window's.
    """
    sure = reading.strength >= rule.urgent_at
    return (
        "critical"
        if sure and _is_far(rule.rule, reading) and people(rule.rule, reading) >= MANY[rule.rule]
        else "warning"
    )


def people(rule: RuleName, reading: Reading) -> float:
    """Return how many people (or orders) more or fewer there are than usual."""
    if rule in ("negative_wave", "code_leak"):
        return reading.observed * reading.sample_size
    if rule == "conversion_drop":
        return (reading.expected - reading.observed) * reading.sample_size
    return abs(reading.observed - reading.expected)


def _is_far(rule: RuleName, reading: Reading) -> bool:
    if rule in ("engagement_spike", "entries_spike"):
        return reading.ratio >= FAR_RISE
    if rule in ("negative_wave", "code_leak"):
        return reading.observed >= FAR_SHARE
    return reading.ratio <= FAR_DROP
