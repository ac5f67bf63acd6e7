"""The second stage of the history by minute: what each partition has of a campaign's hour, added up.

A partition sends the sum of its influencers for each hour that changed, absolute, keyed by campaign, partition and
place of the hour among 25: so the compacted topic holds a day of each and no more. Of the records of one key the last
one counts, and a repeated one changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import asdict

from models.minutes import HOUR_SLOTS, HOURS_KEPT, MINUTES_AN_HOUR, Minute, MinuteCounts, MinutesOfHour
from models.minutes import MINUTE_COUNTS as NAMES
from models.times import HOUR_MS, LATEST_MS, MINUTE_MS
from streams.columns.arrays import I64
from streams.columns.formats import Format, PoisonedRecord, damaged
from streams.statistics.minute_history import minutes_in, pack_hour, unpack_hour

_ALL_MINUTES: Final = (1 << MINUTES_AN_HOUR) - 1


class MinutesPart(Struct, frozen=True, array_like=True):
    """What one partition has of a campaign's hour: one more kind of record of ``campaign.influencer-snapshots.v1``.

    ``closed`` minutes of the hour are over there; ``counts`` is packed (``streams.statistics.minute_history``).
    """

    version: int
    campaign_id: str
    partition: int
    hour: int
    closed: int
    counts: bytes


_WHAT: Final = "part of a campaign's minutes"
_FORMAT: Final = Format(_WHAT, MinutesPart, (int, str, int, int))
encode_part: Final = _FORMAT.encode
PART_VERSION: Final = _FORMAT.version
_encode_key: Final = msgspec.json.Encoder().encode


def part_key(part: MinutesPart) -> bytes:
    """Return the key of a part's record: it ends with a number, as no key of a snapshot does."""
    return _encode_key([part.campaign_id, part.partition, part.hour % HOUR_SLOTS])


def is_part(key: bytes | None) -> bool:
    """Return whether a record of the topic is a part of minutes, by its key."""
    return key is not None and key.endswith(b"]") and key[-2:-1].isdigit()


def read_part(key: bytes | None, data: bytes) -> MinutesPart:
    """Read a part.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, none at all, or not the one that its key names.
    """
    part = _FORMAT.decode(data)
    if not (0 <= part.hour <= LATEST_MS // HOUR_MS and 0 <= part.closed <= MINUTES_AN_HOUR and part.partition >= 0):
        raise damaged(_WHAT, f"{part.closed} minutes of hour {part.hour} of partition {part.partition}")
    unpack_hour(part.counts)
    if key != part_key(part):
        raise PoisonedRecord("foreign_key", f"a {_WHAT} under the key {key!r}")
    return part


def minute_of(campaign_id: str, influencer_id: str | None, hour: int, place: int, counts: I64) -> Minute:
    """Return one minute as it is published; what was taken away beyond 0 counts as none."""
    counted = {name: count for name, count in zip(NAMES, counts.tolist(), strict=True) if count > 0}
    return Minute(
        campaign_id=campaign_id,
        influencer_id=influencer_id,
        starts_at_ms=hour * HOUR_MS + place * MINUTE_MS,
        counts=MinuteCounts(**counted),
    )


def hour_of(hour: int, closed: int, counts: I64) -> MinutesOfHour:
    """Return an hour as Redis has it, from ``[minute, count]``."""
    columns = np.maximum(counts[:closed], 0).T
    return MinutesOfHour(
        starts_at_ms=hour * HOUR_MS,
        closed=closed,
        counts={name: column.tolist() for name, column in zip(NAMES, columns, strict=True) if column.any()},
    )


class CampaignHour(NamedTuple):
    """An hour of a campaign that changed: its closed minutes, which of them did, and ``[minute, count]``."""

    campaign_id: str
    hour: int
    closed: int
    bits: int
    counts: I64


class _Held(NamedTuple):
    offset: int
    closed: int
    counts: bytes


class CampaignMinutes:
    """The hours of all campaigns whose parts this worker receives."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[int, dict[int, _Held]]] = {}
        """By campaign, hour and partition."""
        self._shown: dict[str, dict[int, bytes]] = {}
        """What was published, by campaign and hour."""
        self._changed: set[tuple[str, int]] = set()

    def put(self, part: MinutesPart, offset: int) -> None:
        """Take a part unless one that stands later in the log is here already, or its hour is long over."""
        hours = self._parts.setdefault(part.campaign_id, {})
        newest = max(hours, default=part.hour)
        if part.hour < newest - HOURS_KEPT:
            return
        for hour in [hour for hour in hours if hour < part.hour - HOURS_KEPT]:
            del hours[hour]
            self._shown.get(part.campaign_id, {}).pop(hour, None)
            self._changed.discard((part.campaign_id, hour))
        parts = hours.setdefault(part.hour, {})
        held = parts.get(part.partition)
        if held is None or offset > held.offset:
            parts[part.partition] = _Held(offset, part.closed, part.counts)
            self._changed.add((part.campaign_id, part.hour))

    def touch(self, campaign_id: str) -> None:
        """Have every hour of a campaign shown again, to Redis."""
        self._changed.update((campaign_id, hour) for hour in self._parts.get(campaign_id, {}))

    def touch_all(self, *, with_records: bool) -> None:
        """Have every hour shown again, ``with_records`` to Kafka, too."""
        for campaign_id in self._parts:
            self.touch(campaign_id)
        if with_records:
            self._shown.clear()

    def take_changed(self) -> Iterator[CampaignHour]:
        """Yield the hours that changed since last asked."""
        changed, self._changed = self._changed, set()
        for campaign_id, hour in sorted(changed):
            parts = self._parts[campaign_id][hour].values()
            counts = np.sum([unpack_hour(part.counts) for part in parts], axis=0)
            shown = self._shown.setdefault(campaign_id, {})
            before = unpack_hour(shown[hour]) if hour in shown else np.zeros_like(counts)
            closed = max(part.closed for part in parts)
            bits = sum(1 << place for place in np.flatnonzero((counts != before).any(axis=1)).tolist())
            shown[hour] = pack_hour(counts)
            yield CampaignHour(campaign_id, hour, closed, bits, counts)

    def forget(self, campaign_id: str) -> None:
        """Drop one campaign: it was purged."""
        self._parts.pop(campaign_id, None)
        self._shown.pop(campaign_id, None)
        self._changed = {each for each in self._changed if each[0] != campaign_id}

    def release(self) -> None:
        """Drop every campaign: other workers take over."""
        self._parts.clear()
        self._shown.clear()
        self._changed.clear()


def summed(minutes: Iterable[Minute]) -> list[Minute]:
    """Return the minutes of campaigns: what those of their influencers, each given once, come to."""
    sums: dict[tuple[str, int], Counter[str]] = {}
    for each in minutes:
        sums.setdefault((each.campaign_id, each.starts_at_ms), Counter()).update(asdict(each.counts))
    return [
        Minute(campaign_id=campaign_id, influencer_id=None, starts_at_ms=at_ms, counts=MinuteCounts(**counts))
        for (campaign_id, at_ms), counts in sums.items()
    ]


def records_of(campaign_id: str, influencer_id: str | None, hour: int, bits: int, counts: I64) -> Iterator[Minute]:
    """Yield some minutes of an hour as they are published."""
    for place in minutes_in(bits & _ALL_MINUTES):
        if place < len(counts):
            yield minute_of(campaign_id, influencer_id, hour, place, counts[place])
