"""The fields of an entity's hash in Redis: the whole rollup, and single statistics for use without JSON."""

from operator import attrgetter
from typing import Any, Final

from models.rollups import WINDOW_NAMES, GiveawayRollup, Rollup, WindowName, WindowStats

HASH_STATISTICS: Final = (
    "posts",
    "comments",
    "likes",
    "shares",
    "saves",
    "views",
    "reach",
    "clicks",
    "signups",
    "add_to_carts",
    "purchases",
    "refunds",
    "corrections",
    "sentiment_unread",
    "engagements",
    "unique_commenters",
)
GIVEAWAY_NUMBERS: Final = (
    "opens_ms",
    "closes_ms",
    "time_left_ms",
    "entries",
    "valid_entries",
    "duplicate_entries",
    "withdrawn_entries",
    "unique_entrants",
    "tagged_friends",
    "chances",
    "bonus_chances",
    "entries_per_minute",
)
SUSPICION_NUMBERS: Final = ("suspicious_entrants", "held_entrants", "excluded_entrants", "left_out_chances")
_statistics_of = attrgetter(*HASH_STATISTICS)
_NAMES_OF: Final = {window: tuple(f"{window}.{name}" for name in HASH_STATISTICS) for window in WINDOW_NAMES}
_NET_SENTIMENT_OF: Final = {window: f"{window}.net_sentiment" for window in WINDOW_NAMES}

Fields = dict[str, Any]


def hash_fields(rollup: Rollup, encoded: bytes) -> Fields:
    """Return the fields of an entity's hash: the whole rollup, and single statistics for use without JSON."""
    fields: Fields = {"as_of_ms": rollup.as_of_ms, "rollup": encoded}
    if isinstance(rollup, GiveawayRollup):
        fields["status"] = rollup.status
        fields["approximate"] = int(rollup.approximate)
        fields["invalid_entries"] = sum(rollup.invalid_entries.values())
        numbers = {name: getattr(rollup, name) for name in GIVEAWAY_NUMBERS}
        if rollup.suspicion is not None:
            fields["suspicion_as_of_ms"] = rollup.suspicion.as_of_ms
            numbers |= {name: getattr(rollup.suspicion, name) for name in SUSPICION_NUMBERS}
        return fields | {name: number for name, number in numbers.items() if number is not None}
    for window, stats in rollup.windows.items():
        fields.update(window_fields(window, stats))
    return fields


def window_fields(window: WindowName, stats: WindowStats) -> Fields:
    """Return the single-statistic fields of one window."""
    fields: Fields = dict(zip(_NAMES_OF[window], _statistics_of(stats), strict=True))
    if stats.sentiment is not None:
        fields[_NET_SENTIMENT_OF[window]] = stats.sentiment.net
    return fields
