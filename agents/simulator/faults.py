"""The unkind part of delivery: delays, time formats, and values that no decoder may accept."""

from collections.abc import Callable
from datetime import UTC, timedelta, timezone
from random import Random
from typing import Any

import msgspec

from agents.simulator.plan import FaultRates
from models.deadletters import Reason
from models.times import EPOCH
from models.topics import COMMENTS, CONVERSIONS, POSTS

Fields = dict[str, Any]
"""One event as it will be written to JSON."""

OFFSETS = (UTC, UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-3)))
YEAR_3000_MS = 32_503_680_000_000
REQUIRED = ("type", "event_id", "campaign_id", "platform", "occurred_at")
# What may stand in a field of text; what may stand in a count.
NOT_TEXT: tuple[object, ...] = (17, 4.5, True, ["x"], {"id": "x"})
SNAPSHOT_COUNTS = ("likes", "comments", "shares", "saves", "views", "reach", "followers")
NOT_COUNT: tuple[object, ...] = ("many", "12", 12.5, True, [1])

encode = msgspec.json.Encoder().encode


def delay_ms(random: Random, faults: FaultRates) -> int:
    """Return how long after its event time an ordinary event is delivered.

    Most take well below two seconds, one in ten takes up to the disorder bound (its fourth power: rarely all of it).
    """
    bound_ms = faults.disorder_seconds * 1000
    if random.random() < 0.1:
        return int(bound_ms * random.random() ** 4)
    return int(min(bound_ms, random.random() ** 2 * 1500))


def late_ms(random: Random, faults: FaultRates) -> int:
    """Return how long after its event time a late event is delivered."""
    shortest, longest = faults.late_min_seconds * 1000, faults.late_max_seconds * 1000
    return int(shortest + random.random() * (longest - shortest))


def rfc3339(at_ms: int, random: Random) -> str:
    """Write a moment with some offset and more digits than milliseconds (a reader must cut them, not round)."""
    moment = EPOCH + timedelta(milliseconds=at_ms, microseconds=int(random.random() * 1000))
    offset = OFFSETS[int(random.random() * len(OFFSETS))]
    text = moment.astimezone(offset).isoformat(timespec="microseconds")
    return text.replace("+00:00", "Z") if random.random() < 0.5 else text


def _truncated(fields: Fields, random: Random) -> bytes:
    whole = encode(fields)
    return whole[: 1 + int(random.random() * (len(whole) - 1))]


def _wrong_type(fields: Fields, random: Random) -> bytes:
    if "likes" in fields and random.random() < 0.5:
        return encode(_without_counts(fields) | {"likes": random.choice(NOT_COUNT)})
    name = random.choice(("event_id", "campaign_id", "platform"))
    return encode(fields | {name: random.choice(NOT_TEXT)})


def _missing_field(fields: Fields, random: Random) -> bytes:
    missing = random.choice(REQUIRED)
    return encode({name: value for name, value in fields.items() if name != missing})


def _null_field(fields: Fields, random: Random) -> bytes:
    return encode(fields | {random.choice(REQUIRED[1:]): None})


def _invalid_utf8(fields: Fields, random: Random) -> bytes:
    bad = random.choice((b"\xff", b"\xc3(", b"\xed\xa0\x80", b"\xf0\x9f\x98"))
    return encode(fields | {"campaign_id": "@@@"}).replace(b"@@@", b"spring" + bad)


def _unknown_type(fields: Fields, random: Random) -> bytes:
    return encode(fields | {"type": random.choice(("post.boosted", "comment.liked", "checkout", "Click", ""))})


def _with_count(fields: Fields, count: int) -> bytes:
    is_reaction = fields["type"] == "post.reaction"
    return encode(fields | {"count": count} if is_reaction else _without_counts(fields) | {"likes": count})


def _without_counts(fields: Fields) -> Fields:
    """Return a snapshot without numbers: with any other that is one, it would count."""
    return {name: value for name, value in fields.items() if name not in SNAPSHOT_COUNTS}


def _negative_count(fields: Fields, random: Random) -> bytes:
    return _with_count(fields, -1 - int(random.random() * 5000))


def _absurd_count(fields: Fields, random: Random) -> bytes:
    return _with_count(fields, random.choice((1_000_000_000_001, 2**62, 2**63)))


def _year_3000(fields: Fields, random: Random) -> bytes:
    return encode(fields | {"occurred_at": random.choice((YEAR_3000_MS, "3000-01-01T00:00:00Z"))})


def _epoch_seconds(fields: Fields, random: Random) -> bytes:
    return encode(fields | {"occurred_at": fields["occurred_at"] // 1000})


def _unknown_currency(fields: Fields, random: Random) -> bytes:
    return encode(fields | {"currency": random.choice(("XQQ", "BTC", "ZZZ"))})


def _empty_value(fields: Fields, random: Random) -> bytes:
    return b""


def _not_an_object(fields: Fields, random: Random) -> bytes:
    return random.choice((b"[1,2,3]", b'"purchase"', b"42", b"null", b"true", encode([fields])))


class CorruptKind(msgspec.Struct, frozen=True):
    """A way to be wrong: how it is made, on which topics, and the dead letter's reason it must lead to."""

    make: Callable[[Fields, Random], bytes]
    topics: tuple[str, ...]
    reason: Reason


_ALL = (POSTS, COMMENTS, CONVERSIONS)
CORRUPT_KINDS: dict[str, CorruptKind] = {
    "truncated_json": CorruptKind(_truncated, _ALL, "invalid_json"),
    "wrong_type": CorruptKind(_wrong_type, _ALL, "wrong_type"),
    "missing_field": CorruptKind(_missing_field, _ALL, "missing_field"),
    "null_field": CorruptKind(_null_field, _ALL, "wrong_type"),
    "invalid_utf8": CorruptKind(_invalid_utf8, _ALL, "invalid_utf8"),
    "unknown_type": CorruptKind(_unknown_type, _ALL, "unknown_type"),
    "negative_count": CorruptKind(_negative_count, (POSTS,), "out_of_range"),
    "absurd_count": CorruptKind(_absurd_count, (POSTS,), "out_of_range"),
    "year_3000": CorruptKind(_year_3000, _ALL, "event_time_future"),
    "epoch_seconds": CorruptKind(_epoch_seconds, _ALL, "event_time_implausible"),
    "unknown_currency": CorruptKind(_unknown_currency, (CONVERSIONS,), "unknown_currency"),
    "empty_value": CorruptKind(_empty_value, _ALL, "empty_value"),
    "not_an_object": CorruptKind(_not_an_object, _ALL, "wrong_type"),
}


def corruptible_event(
    topic: str, event_id: str, campaign_id: str, influencer_id: str, at_ms: int, random: Random
) -> Fields:
    """Return a plain valid event of ``topic``, in ASCII, to be spoiled. It is never sent as it is."""
    fields: Fields = {
        "type": "",
        "event_id": event_id,
        "campaign_id": campaign_id,
        "influencer_id": influencer_id,
        "platform": "instagram",
        "occurred_at": at_ms,
    }
    if topic == COMMENTS:
        mine = {"post_id": "p1", "comment_id": event_id, "author_id": "a1", "text": "Count me in!"}
        return fields | {"type": "comment.created"} | mine
    if topic == CONVERSIONS:
        mine = {"order_id": event_id, "amount": "49.90", "currency": "EUR"}
        return fields | {"type": "purchase"} | mine
    if random.random() < 0.5:
        return fields | {"type": "post.reaction", "post_id": "p1", "kind": "like", "count": 3}
    return fields | {"type": "post.metrics", "post_id": "p1", "likes": 120, "views": 900}
