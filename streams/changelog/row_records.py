"""The changelog format: one influencer's state, and the position it stands for, in one record.

State and position travel together, so there is nothing that can come apart: on replay an event at or below
``applied`` of its topic is already inside. Counters are stored as the smallest integers that hold them; a full day
of a busy influencer takes about 10 kB.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from models.minutes import MINUTES_AN_HOUR
from models.times import HOUR_MS, MINUTE_MS
from models.topics import INPUT_TOPICS
from streams.columns.formats import Fields, Format, check_moments, damaged, refuse_more_counters
from streams.columns.packed import PackedInts, as_packed, check_count, check_ints, pack, unpack
from streams.statistics.counters import COLUMN, SNAPSHOT_METRICS, WIDTH
from streams.statistics.minute_history import unpack_hour
from streams.statistics.money import MoneyPanes, Sums, check_sums
from streams.statistics.panes import PaneStore
from streams.statistics.posts import MetricHistory, PostHistory
from streams.statistics.uniques import RANKS, REGISTERS, UniqueStore
from streams.statistics.voices import BITS, MINUTES, NegativeVoices
from streams.statistics.windows import MINUTE_TIER, TIERS

_MICROS: Final = COLUMN["sentiment_micros"]
_NOT_MICROS: Final = np.delete(np.arange(WIDTH), _MICROS)
_LARGEST: Final = (1 << 63) - 1
_MOST_SEEN: Final = (1 << 16) - 1


class PackedPost(Struct, frozen=True, array_like=True):
    """One post: times and values of each metric, its platform where it is known, and when it came and went."""

    metrics: list[tuple[bytes, bytes] | None]
    platform: str | None
    published: bytes
    deleted: bytes


PackedPosts = dict[str, PackedPost]


class TierRecord(Struct, frozen=True, array_like=True):
    """The panes of one tier that hold anything: numbers, counters, and the (larger) polarity sums apart."""

    panes: PackedInts
    counts: PackedInts
    sentiment_micros: PackedInts


class RowRecord(Struct, frozen=True, array_like=True):
    """The state of one (campaign, influencer).

    Counters are ``width`` to a pane; a version that knows more of them reads the missing ones as 0.
    """

    version: int
    width: int
    campaign_id: str
    influencer_id: str
    applied: list[int]
    as_of_ms: int
    followers: tuple[int, int] | None
    totals: list[int]
    tiers: list[TierRecord]
    seen_base: int
    seen_places: PackedInts
    seen_panes: PackedInts
    lifetime_registers: PackedInts
    lifetime_ranks: PackedInts
    money_total: Sums
    money_panes: list[dict[int, Sums]]
    posts: PackedPosts
    hours: dict[int, bytes] | None
    """Hours that are over, by minute (``streams.statistics.minute_history``); None: an older version did not keep them.
    """
    unpublished: dict[int, int]
    """Minutes that have changed and may not have been published, as bits, by hour."""
    voices: PackedInts
    """Whose words the negative comments of the last hour are (``streams.statistics.voices``)."""


def _state_width(fields: Fields) -> Fields:
    """Upgrade format 1: the number of counters is that of the totals."""
    return [2, len(fields[6]), *fields[1:]]


def _posts_by_themselves(fields: Fields) -> Fields:
    """Upgrade format 2: of posts only their metrics were known. The next event of a post names its platform."""
    posts = {post_id: [metrics, None, b"", b""] for post_id, metrics in fields[-1].items()}
    return [3, *fields[1:-1], posts]


def _hours_unknown(fields: Fields) -> Fields:
    """Upgrade format 3: of minutes only the panes were kept."""
    return [4, *fields[1:], None, {}]


def _voices_unknown(fields: Fields) -> Fields:
    """Upgrade format 4: it was not known whose words comments are, so of that hour none is taken for a copy."""
    return [5, *fields[1:], ["<i1", b""]]


_WHAT: Final = "state record"
_FORMAT: Final = Format(
    _WHAT, RowRecord, (int, int, str, str), [_state_width, _posts_by_themselves, _hours_unknown, _voices_unknown]
)
FORMAT_VERSION: Final = _FORMAT.version
encode_record: Final = _FORMAT.encode


def decode_record(data: bytes) -> RowRecord:
    """Read a record of this format or an older one.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no record at all.
    """
    record = _FORMAT.decode(data)
    refuse_more_counters(_WHAT, record.width, WIDTH)
    _check(record)
    return record


def _check(record: RowRecord) -> None:
    """Check that a record can be put back into columns.

    Raises:
        PoisonedRecord: it cannot.
    """
    width = record.width
    if width <= _MICROS or len(record.totals) != width or len(record.tiers) != len(TIERS):
        raise damaged(_WHAT, f"{width} counters, {len(record.totals)} totals, {len(record.tiers)} tiers")
    if not all(-_LARGEST <= each <= _LARGEST for each in record.totals):
        raise damaged(_WHAT, "totals beyond 64 bits")
    if len(record.applied) > len(INPUT_TOPICS) or not all(-1 <= each <= _LARGEST for each in record.applied):
        raise damaged(_WHAT, f"applied {record.applied}")
    for tier, ring in zip(TIERS, record.tiers, strict=True):
        panes = len(check_ints(_WHAT, ring.panes, None, 1 - tier.panes, 0))
        check_count(_WHAT, ring.counts, panes * (width - 1))
        check_count(_WHAT, ring.sentiment_micros, panes)
    check_ints(_WHAT, record.seen_places, None, 0, RANKS * REGISTERS - 1)
    check_ints(_WHAT, record.seen_panes, record.seen_places.count, 0, _MOST_SEEN)
    check_ints(_WHAT, record.lifetime_registers, None, 0, REGISTERS - 1)
    check_ints(_WHAT, record.lifetime_ranks, record.lifetime_registers.count, 0, RANKS)
    check_moments(_WHAT, record.as_of_ms, record.seen_base)
    if record.followers is not None:
        check_moments(_WHAT, record.followers[0])
    if len(record.money_panes) not in (0, len(TIERS)):
        raise damaged(_WHAT, f"money in {len(record.money_panes)} tiers")
    check_sums(_WHAT, record.money_total, *(sums for panes in record.money_panes for sums in panes.values()))
    check_moments(_WHAT, *(hour * HOUR_MS for hour in (*(record.hours or ()), *record.unpublished)))
    for packed in (record.hours or {}).values():
        unpack_hour(packed)
    if not all(0 < bits < 1 << MINUTES_AN_HOUR for bits in record.unpublished.values()):
        raise damaged(_WHAT, "minutes beyond an hour")
    check_ints(_WHAT, record.voices, None, 0, MINUTES * BITS - 1)
    for post in record.posts.values():
        if len(post.metrics) != len(SNAPSHOT_METRICS) or any(map(_is_uneven, post.metrics)):
            raise damaged(_WHAT, "snapshots of posts that do not fit together")
        if len(post.published) % 8 or len(post.deleted) % 8:
            raise damaged(_WHAT, "times of posts that are none")


def _is_uneven(metric: tuple[bytes, bytes] | None) -> bool:
    return metric is not None and (not metric[0] or len(metric[0]) != len(metric[1]) or len(metric[0]) % 8 != 0)


def tier_records(panes: PaneStore, row: int) -> list[TierRecord]:
    """Pack the panes of one row."""
    records = []
    for ring in panes.rings:
        slots, held = ring.held_by(row)
        # A slot's pane number follows from the head: it is the newest number that is congruent to the slot.
        numbers = ring.head - (ring.head - slots) % ring.tier.panes
        records.append(
            TierRecord(
                panes=pack(numbers - ring.head),
                counts=pack(held.take(_NOT_MICROS, axis=1)),
                sentiment_micros=pack(held[:, _MICROS]),
            )
        )
    return records


def restore_tiers(panes: PaneStore, row: int, record: RowRecord) -> None:
    """Put the packed panes of one row back. The rings must already stand at or after the record's time."""
    width = record.width
    for ring, tier in zip(panes.rings, record.tiers, strict=True):
        numbers = unpack(tier.panes) + record.as_of_ms // ring.tier.pane_ms
        # As they were packed: numpy widens them where they are put.
        counts = as_packed(tier.counts).reshape(len(numbers), width - 1)
        micros = as_packed(tier.sentiment_micros)
        live = numbers > ring.head - ring.tier.panes
        if not live.all():
            numbers, counts, micros = numbers[live], counts[live], micros[live]
        slots = numbers % ring.tier.panes
        held = np.zeros((len(slots), ring.width), dtype=np.int64)
        held[:, :_MICROS] = counts[:, :_MICROS]
        held[:, _MICROS] = micros
        held[:, _MICROS + 1 : width] = counts[:, _MICROS:]
        ring.put(row, slots, held)
    panes.totals[row, : len(record.totals)] = record.totals


def restore_minutes(panes: PaneStore, row: int, record: RowRecord) -> None:
    """Put the minutes of one row back. The rings must already stand at or after the record's time."""
    tier = record.tiers[MINUTE_TIER]
    hours, places = np.divmod(unpack(tier.panes) + record.as_of_ms // MINUTE_MS, MINUTES_AN_HOUR)
    open_hour = record.as_of_ms // HOUR_MS
    held = np.zeros((len(hours), record.width), dtype=np.int64)
    counts = as_packed(tier.counts).reshape(len(hours), record.width - 1)
    held[:, :_MICROS], held[:, _MICROS + 1 :] = counts[:, :_MICROS], counts[:, _MICROS:]
    for hour in np.unique(hours).tolist():
        # What was in progress then may be over now. Of the hour before, an older version had what its panes held.
        if hour == open_hour or record.hours is None:
            panes.minutes.restore_open(row, hour, places[hours == hour], held[hours == hour])
    panes.minutes.restore(row, record.hours or {}, record.unpublished)


def sketch_fields(uniques: UniqueStore, row: int) -> tuple[PackedInts, PackedInts, PackedInts, PackedInts]:
    """Pack the sketch of one row: only what can still decide a register's value is written."""
    lifetime = uniques.lifetime[row]
    registers = np.flatnonzero(lifetime)
    top = int(lifetime.max(initial=0))
    seen = uniques.seen_by(row, top)
    if top:
        # A rank seen no later than a higher rank of the same register can never be the largest of a window.
        later = np.maximum.accumulate(seen[::-1], axis=0)[::-1]
        seen[:-1] *= seen[:-1] > later[1:]
    places = np.flatnonzero(seen)
    return pack(places), pack(seen.reshape(-1)[places]), pack(registers), pack(lifetime[registers])


def restore_sketch(uniques: UniqueStore, row: int, record: RowRecord) -> None:
    """Put the packed sketch of one row back."""
    places = unpack(record.seen_places)
    seen = unpack(record.seen_panes) + record.seen_base - uniques.base
    live = seen > 0
    uniques.put_seen(row, places[live], seen[live].astype(np.uint16))
    uniques.lifetime[row, unpack(record.lifetime_registers)] = unpack(record.lifetime_ranks).astype(np.uint8)


def restore_voices(voices: NegativeVoices, row: int, record: RowRecord) -> None:
    """Put back whose words the negative comments of one row are. Time must be there already."""
    voices.restore(row, record.as_of_ms, unpack(record.voices))


def pack_posts(posts: dict[str, PostHistory]) -> PackedPosts:
    """Pack the snapshot histories of one row's posts."""
    return {
        post_id: PackedPost(
            [
                None if metric is None else (metric.times.tobytes(), metric.values.tobytes())
                for metric in history.metrics
            ],
            history.platform,
            history.published.tobytes(),
            history.deleted.tobytes(),
        )
        for post_id, history in posts.items()
    }


def restore_posts(packed: PackedPosts) -> dict[str, PostHistory]:
    """Undo ``pack_posts``."""
    posts = {}
    for post_id, post in packed.items():
        history = PostHistory()
        if post.platform is not None:
            history.is_of(post.platform, post_id)
        history.published.frombytes(post.published)
        history.deleted.frombytes(post.deleted)
        for index, stored in enumerate(post.metrics):
            if stored is not None:
                history.metrics[index] = MetricHistory(*stored)
        posts[post_id] = history
    return posts


def restore_money(record: RowRecord) -> MoneyPanes:
    """Rebuild the money of one row."""
    money = MoneyPanes()
    money.total = record.money_total
    money.panes = tuple(record.money_panes)
    return money
