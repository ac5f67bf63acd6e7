"""The changelog format: one influencer's state, and the position it stands for, in one record.

State and position travel together, so there is nothing that can come apart: on replay an event at or below
``applied`` of its topic is already inside. Counters are stored as the smallest integers that hold them; a full day
of a busy influencer takes about 10 kB.
"""

from typing import Final

import numpy as np
from msgspec import Struct

from streams.columns.formats import Fields, Format, refuse_more_counters
from streams.columns.packed import PackedInts, as_packed, pack, unpack
from streams.statistics.counters import COLUMN, WIDTH
from streams.statistics.money import MoneyPanes, Sums
from streams.statistics.panes import PaneStore
from streams.statistics.posts import MetricHistory, PostHistory
from streams.statistics.uniques import RANKS, REGISTERS, UniqueStore

_MICROS: Final = COLUMN["sentiment_micros"]


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


def _state_width(fields: Fields) -> Fields:
    """Upgrade format 1: the number of counters is that of the totals."""
    return [2, len(fields[6]), *fields[1:]]


def _posts_by_themselves(fields: Fields) -> Fields:
    """Upgrade format 2: of posts only their metrics were known. The next event of a post names its platform."""
    posts = {post_id: [metrics, None, b"", b""] for post_id, metrics in fields[-1].items()}
    return [3, *fields[1:-1], posts]


_FORMAT: Final = Format("state record", RowRecord, [_state_width, _posts_by_themselves])
FORMAT_VERSION: Final = _FORMAT.version
encode_record: Final = _FORMAT.encode


def decode_record(data: bytes) -> RowRecord:
    """Read a record of this format or an older one.

    Raises:
        UnsupportedRecord: it was written by a newer version, or is not a record at all.
    """
    record = _FORMAT.decode(data)
    refuse_more_counters("state record", record.width, WIDTH)
    return record


def tier_records(panes: PaneStore, row: int) -> list[TierRecord]:
    """Pack the panes of one row."""
    records = []
    for ring in panes.rings:
        counts = ring.counts[row]
        slots = np.flatnonzero(counts.any(axis=1))
        # A slot's pane number follows from the head: it is the newest number that is congruent to the slot.
        numbers = ring.head - (ring.head - slots) % ring.tier.panes
        held = counts[slots]
        records.append(
            TierRecord(
                panes=pack(numbers - ring.head),
                counts=pack(np.delete(held, _MICROS, axis=1)),
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
        held, slots = ring.counts[row], numbers % ring.tier.panes
        held[slots, :_MICROS] = counts[:, :_MICROS]
        held[slots, _MICROS] = micros
        held[slots, _MICROS + 1 : width] = counts[:, _MICROS:]
    panes.totals[row, : len(record.totals)] = record.totals


def sketch_fields(uniques: UniqueStore, row: int) -> tuple[PackedInts, PackedInts, PackedInts, PackedInts]:
    """Pack the sketch of one row: only what can still decide a register's value is written."""
    lifetime = uniques.lifetime[row]
    registers = np.flatnonzero(lifetime)
    top = int(lifetime.max(initial=0))
    seen = uniques.last_seen[row, :top].astype(np.int64)
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
    flat = uniques.last_seen[row].reshape(RANKS * REGISTERS)
    flat[places[live]] = seen[live].astype(np.uint16)
    uniques.lifetime[row, unpack(record.lifetime_registers)] = unpack(record.lifetime_ranks).astype(np.uint8)


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
