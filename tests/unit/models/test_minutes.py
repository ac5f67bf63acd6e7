"""History by minute: keys, fields of Redis, and an hour read back."""

import pytest
from msgspec import DecodeError, json

from models.minutes import (
    HOUR_SLOTS,
    Minute,
    MinuteCounts,
    MinutesOfHour,
    decode_hour,
    encode_hour,
    hour_slot,
    is_empty,
    minute_key,
    minutes_of,
)
from models.times import HOUR_MS

NOON_MS = 1_764_504_000_000  # 2025-11-30T12:00:00Z


def test_key_tells_campaign_influencer_and_unattributed_apart() -> None:
    """The whole campaign, one influencer, and what belongs to none have three keys."""
    keys = [
        minute_key(Minute(campaign_id="spring", influencer_id=name, starts_at_ms=NOON_MS, counts=MinuteCounts()))
        for name in (None, "ana", "")
    ]
    assert keys == [
        b'["spring",null,1764504000000]',
        b'["spring","ana",1764504000000]',
        b'["spring","",1764504000000]',
    ]


def test_record_says_what_there_was_and_leaves_out_zeros() -> None:
    """What is written in the topic is a small object, and zeros are read back."""
    minute = Minute(
        campaign_id="spring", influencer_id="ana", starts_at_ms=NOON_MS, counts=MinuteCounts(comments=3, engagements=4)
    )
    text = json.encode(minute)
    assert json.decode(text) == {
        "campaign_id": "spring",
        "influencer_id": "ana",
        "starts_at_ms": NOON_MS,
        "counts": {"comments": 3, "engagements": 4},
    }
    assert json.decode(text, type=Minute).counts.clicks == 0


def test_hour_of_redis_becomes_its_closed_minutes() -> None:
    """An hour gives one minute for each that is closed, empty ones too, at their moments."""
    hour = MinutesOfHour(starts_at_ms=NOON_MS, closed=3, counts={"comments": [2, 0, 5], "negative": [1, 0, 0]})
    found = minutes_of(decode_hour(encode_hour(hour)), "spring", None)
    assert [(each.starts_at_ms - NOON_MS, each.counts.comments, each.counts.negative) for each in found] == [
        (0, 2, 1),
        (60_000, 0, 0),
        (120_000, 5, 0),
    ]
    assert [is_empty(each.counts) for each in found] == [False, True, False]


def test_fields_of_a_day_and_the_hour_in_progress_are_apart() -> None:
    """The 25 hours that a hash may hold have 25 fields, and the next one takes the oldest one's place."""
    slots = [hour_slot(NOON_MS + hour * HOUR_MS) for hour in range(HOUR_SLOTS + 1)]
    assert len(set(slots[:HOUR_SLOTS])) == HOUR_SLOTS
    assert slots[HOUR_SLOTS] == slots[0]


def test_what_is_no_hour_is_refused() -> None:
    """A field that something else wrote is an error, not an hour without minutes."""
    with pytest.raises(DecodeError):
        decode_hour(b'{"closed": 1}')
