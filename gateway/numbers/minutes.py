"""Closed minutes for people: without gaps, with what is usual, and with the moments that explain them."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from msgspec.structs import replace

from gateway.numbers.answers import MinutePoint, Moment
from models.alerts import Alert
from models.campaigns import CampaignDefinition
from models.times import MINUTE_MS, epoch_ms

_BAND_MINUTES: Final = 30
_LEAST_MINUTES: Final = 10
_WIDTH: Final = 3.0
_MAD_TO_SIGMA: Final = 1.4826
"""Of a normal distribution: its standard deviation is that much of the median of absolute deviations."""


def with_band(minutes: Sequence[MinutePoint]) -> list[MinutePoint]:
    """Return minutes with what was usual for their engagements: the median of the half hour before, give or take.

    Three standard deviations, told by the median of absolute deviations, and no less than what counting alone varies
    by (the root of the median). Nothing is usual before ten minutes are known.
    """
    made: list[MinutePoint] = []
    for place, point in enumerate(minutes):
        before = [each.engagements for each in minutes[max(0, place - _BAND_MINUTES) : place]]
        if len(before) < _LEAST_MINUTES:
            made.append(point)
            continue
        middle = median(before)
        spread = _MAD_TO_SIGMA * median(abs(value - middle) for value in before)
        width = _WIDTH * max(spread, middle**0.5, 1.0)
        made.append(replace(point, usual_low=round(max(0.0, middle - width), 1), usual_high=round(middle + width, 1)))
    return made


def without_gaps(points: Sequence[MinutePoint]) -> list[MinutePoint]:
    """Return minutes in their order; one that nobody reported, between others, had no events."""
    known = {point.start_ms: point for point in points}
    if not known:
        return []
    first, last = min(known), max(known)
    return [known.get(start, MinutePoint(start_ms=start)) for start in range(first, last + 1, MINUTE_MS)]


def moments_of(
    definition: CampaignDefinition | None, alerts: Sequence[Alert], first_ms: int, last_ms: int
) -> list[Moment]:
    """Return what happened or was planned between two moments: go-live, end, planned moments, alerts."""
    found = [Moment(at_ms=alert.opened_at_ms, kind="alert", label=alert.rule) for alert in alerts]
    if definition is not None:
        found.append(Moment(at_ms=epoch_ms(definition.starts_at), kind="starts"))
        found.append(Moment(at_ms=epoch_ms(definition.ends_at), kind="ends"))
        if definition.giveaway is not None:
            found.append(Moment(at_ms=definition.giveaway.opens_ms, kind="opens"))
            found.append(Moment(at_ms=definition.giveaway.closes_ms, kind="closes"))
        planned = () if definition.alerts is None else definition.alerts.muted_moments
        found += [Moment(at_ms=epoch_ms(each.starts_at), kind="planned", label=each.label) for each in planned]
    return sorted((each for each in found if first_ms <= each.at_ms <= last_ms), key=lambda each: each.at_ms)
