"""History by minute: what a campaign and each of its influencers had in each closed minute. ``docs/history.md``.

A minute is of event time and closed once its partition's stream time has passed its end. Counts are absolute, and a
late event corrects them: of the records of one key the last one counts.
"""

from typing import Final

from msgspec import Struct, json
from msgspec.structs import asdict

from models.times import HOUR_MS, MINUTE_MS

MINUTES_AN_HOUR: Final = 60
HOURS_KEPT: Final = 24
"""How far back, from a partition's stream time, late events correct minutes, and Redis has them."""
HOUR_SLOTS: Final = HOURS_KEPT + 1
"""Fields of a hash of minutes: the hours that are over, and the one in progress."""


class MinuteCounts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was counted in a minute; 0 where it is left out.

    ``engagements`` are comments and reactions that came one by one: running totals of platforms (likes, shares, saves,
    views) say how many since the last one, not when, so they are in no minute.
    """

    engagements: int = 0
    comments: int = 0
    entries: int = 0
    clicks: int = 0
    purchases: int = 0
    positive: int = 0
    neutral: int = 0
    negative: int = 0
    code_uses: int = 0
    code_uses_without_click: int = 0


MINUTE_COUNTS: Final = MinuteCounts.__struct_fields__


class Minute(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One closed minute of one influencer, or of the whole campaign when ``influencer_id`` is None.

    The influencer "" is what belongs to none of them. One record of ``campaign.minutes.v1``; ``starts_at_ms`` is event
    time, a whole minute.
    """

    campaign_id: str
    influencer_id: str | None
    starts_at_ms: int
    counts: MinuteCounts


class MinutesOfHour(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The closed minutes of one hour, as Redis has them.

    ``counts`` has by name of ``MinuteCounts`` one number for each closed minute, from the beginning of the hour; a name
    without any is left out.
    """

    starts_at_ms: int
    closed: int
    counts: dict[str, list[int]] = {}


_KEY: Final = json.Encoder()
_HOUR: Final = json.Decoder(MinutesOfHour)
encode_hour = json.Encoder().encode


def minute_key(minute: Minute) -> bytes:
    """Return the key of a minute's record: campaign, influencer (null: the whole campaign), and its beginning."""
    return _KEY.encode([minute.campaign_id, minute.influencer_id, minute.starts_at_ms])


def hour_slot(time_ms: int) -> str:
    """Return the field of a hash of minutes that holds the hour of a moment."""
    return str(time_ms // HOUR_MS % HOUR_SLOTS)


def decode_hour(data: bytes) -> MinutesOfHour:
    """Return an hour from its field in Redis.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _HOUR.decode(data)


def minutes_of(hour: MinutesOfHour, campaign_id: str, influencer_id: str | None) -> list[Minute]:
    """Return the closed minutes of an hour, those without any event too."""
    return [
        Minute(
            campaign_id=campaign_id,
            influencer_id=influencer_id,
            starts_at_ms=hour.starts_at_ms + place * MINUTE_MS,
            counts=MinuteCounts(**{name: counts[place] for name, counts in hour.counts.items()}),
        )
        for place in range(hour.closed)
    ]


def is_empty(counts: MinuteCounts) -> bool:
    """Return whether nothing was counted."""
    return not any(asdict(counts).values())
