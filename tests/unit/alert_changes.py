"""Changes of alerts for tests: numbered, a minute apart."""

from typing import Any

import msgspec

from models.alerts import Alert, AlertTransition, TransitionKind

MINUTE_MS, BEGAN_MS = 60_000, 1_776_533_400_000


def transition(number: int, kind: TransitionKind = "opened", **changes: Any) -> AlertTransition:
    """A change of the alert with a number."""
    at_ms = BEGAN_MS + number * MINUTE_MS
    alert = {
        "alert_id": f"a{number}",
        "rule": "engagement_spike",
        "campaign_id": "spring",
        "influencer_id": "ana",
        "severity": "warning",
        "phase": "firing",
        "opened_at_ms": at_ms,
        "at_ms": at_ms,
        "strength": 2.0,
        "unit": "engagements",
        "observed": 90.0,
        "expected": 20.0,
        "ratio": 4.5,
        "sample_size": 90,
        "explanation": f"number {number}",
        "sample_comments": [{"text": "somebody wrote this", "polarity": -1.0}],
        **changes,
    }
    return AlertTransition(kind=kind, at_ms=at_ms, alert=msgspec.convert(alert, Alert))
