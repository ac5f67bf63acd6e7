"""The campaigns that the preview's moments are seen in: what is defined, and what is simulated."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import yaml

from agents.simulator import FaultRates, SimulationPlan
from models.times import MINUTE_MS
from tests.integration.cluster import GIVEAWAY

MOMENTS: Final = ("empty", "calm", "viral", "wave", "silent", "closed", "rebalance", "dead")
NAMES: Final = {"calm": "spring", "viral": "summer", "wave": "autumn", "silent": "winter", "closed": "easter"}
"""Which campaign shows which moment."""
CLOSES_MS: Final = 8 * MINUTE_MS
INCIDENTS: Final = {"viral": "engagement_spike", "wave": "negative_wave", "silent": "feed_silent"}
"""Which rule tells of a moment."""


class _Course(NamedTuple):
    """How a campaign goes on.

    The past is less than the hour of which workers keep single minutes: of a backlog all of it is judged. Incidents are
    planted at shares of the duration, which is so long that the wanted one begins minutes after the past and lasts as
    long as the rules need, with as many events as stand out (docs/alerts.md): 12 a second are 10 to 40 a minute of the
    creators whom incidents hit.
    """

    minutes: int
    past_minutes: int
    """Of which so many are over when workers begin to read."""
    events_a_second: int
    seed: int


_COURSES: Final = {
    "calm": _Course(110, 45, 5, 11),
    "viral": _Course(186, 50, 12, 32),
    "wave": _Course(110, 48, 5, 13),
    "silent": _Course(70, 52, 12, 24),
    "closed": _Course(110, 56, 5, 15),
}


def plan(moment: str, now_ms: int) -> SimulationPlan:
    """Return what is simulated for a moment when its past ends at ``now_ms``."""
    course = _COURSES[moment]
    return SimulationPlan(
        events=course.events_a_second * course.minutes * 60,
        duration_seconds=course.minutes * 60.0,
        start_ms=now_ms - course.past_minutes * MINUTE_MS,
        seed=course.seed,
        shape="steady",
        comment_ratio=0.5,
        post_ratio=0.25,
        incidents=moment in INCIDENTS,
        faults=FaultRates(disorder_seconds=5, late_ratio=0),
    )


def definition(moment: str, now_ms: int) -> dict[str, Any]:
    """The example's campaign under another name, as it is at one of the moments."""
    name, begun_ms = NAMES[moment], now_ms - _COURSES[moment].past_minutes * MINUTE_MS
    closes_ms = now_ms + (CLOSES_MS if moment == "closed" else 150 * MINUTE_MS)
    made: dict[str, Any] = yaml.safe_load(GIVEAWAY.read_text())
    made |= {"campaign_id": name, "name": f"{name.capitalize()} giveaway", "alerts": {}}
    made |= {"starts_at": _rfc3339(begun_ms), "ends_at": _rfc3339(now_ms + 240 * MINUTE_MS)}
    made["giveaway"] |= {"opens_at": _rfc3339(begun_ms), "closes_at": _rfc3339(closes_ms)}
    for each in made["influencers"]:
        # Codes, links and click ids belong to one campaign.
        each["discount_codes"] = [f"{name.upper()}{code}" for code in each["discount_codes"]]
        each["links"] = [link | {"utm_campaign": name} for link in each["links"]]
        each["click_ids"] = [f"{name}-{pattern}" for pattern in each["click_ids"]]
    return made


def _rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
