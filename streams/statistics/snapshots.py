"""The numbers of one influencer at one moment: a rollup for people and services, and input of the second stage."""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from models.rollups import WINDOW_NAMES, InfluencerRollup, WindowName, WindowStats
from streams.columns.arrays import I64, U8, U64
from streams.columns.formats import (
    Fields,
    Format,
    NewerRecord,
    PoisonedRecord,
    check_moments,
    damaged,
    numbered_fields,
    refuse_more_counters,
)
from streams.columns.packed import PackedInts, check_ints, pack, unpack
from streams.events.registry import Registry
from streams.statistics.corrections import shown
from streams.statistics.counters import POST_COLUMNS, WIDTH
from streams.statistics.influencers import InfluencerStore
from streams.statistics.money import MoneyPanes, Sums, check_sums, for_record
from streams.statistics.rollups import window_stats
from streams.statistics.uniques import RANKS, REGISTERS, estimates
from streams.statistics.windows import WINDOWS, window_start_ms

WINDOWS_AND_TOTAL: Final = len(WINDOW_NAMES)
_NO_MONEY: Final[list[Sums]] = [{} for _ in WINDOW_NAMES]
_LARGEST_COUNT: Final = 1 << 62


class InfluencerSnapshot(Struct, frozen=True, array_like=True):
    """Absolute numbers of one influencer: one record of ``campaign.influencer-snapshots.v1``.

    ``sums`` is ``[window, counter]``; ``registers`` are the sketch registers of every window, as places in
    ``[window, register]`` that are not zero, with their ranks. ``post_parts`` is ``[post, POST_COLUMNS, window]``: how
    much of the sums is of which post, and ``post_keys`` are the posts (64 bits each, little-endian).
    """

    version: int

    campaign_id: str
    influencer_id: str
    as_of_ms: int
    followers: int | None
    sums: PackedInts
    money: list[Sums]
    register_places: PackedInts
    register_ranks: PackedInts
    post_keys: bytes
    post_parts: PackedInts

    def counters(self) -> I64:
        """Return ``[window, counter]``."""
        return unpack(self.sums).reshape(WINDOWS_AND_TOTAL, -1)

    def registers(self) -> U8:
        """Return ``[window, register]``."""
        flat = np.zeros(WINDOWS_AND_TOTAL * REGISTERS, dtype=np.uint8)
        flat[unpack(self.register_places)] = unpack(self.register_ranks).astype(np.uint8)
        return flat.reshape(WINDOWS_AND_TOTAL, REGISTERS)

    def posts(self) -> tuple[U64, I64]:
        """Return the posts, and ``[post, window, counter]``: their parts in the sums."""
        keys = np.frombuffer(self.post_keys, dtype="<u8").astype(np.uint64)
        parts = unpack(self.post_parts).reshape(len(keys), len(POST_COLUMNS), WINDOWS_AND_TOTAL)
        return keys, parts.transpose(0, 2, 1)


def _without_posts(fields: Fields) -> Fields:
    """Upgrade format 1: nothing was known of single posts."""
    return [2, *fields, b"", ["<i1", b""]]


_WHAT: Final = "influencer snapshot"
_FORMAT: Final = Format(_WHAT, InfluencerSnapshot, (int, str, str, int), [_without_posts])
_encode_key: Final = msgspec.json.Encoder().encode


def snapshot_key(campaign_id: str, influencer_id: str) -> bytes:
    """Return the key of a snapshot's record, and of the rollup that goes with it."""
    return _encode_key([campaign_id, influencer_id])


def encode_snapshot(snapshot: InfluencerSnapshot) -> bytes:
    """Return the record of a snapshot."""
    stored = [for_record(sums) for sums in snapshot.money]
    changed = any(mine is not theirs for mine, theirs in zip(stored, snapshot.money, strict=True))
    return _FORMAT.encode(replace(snapshot, money=stored) if changed else snapshot)


def decode_snapshot(data: bytes) -> InfluencerSnapshot:
    """Read a snapshot of this format or an older one.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no snapshot at all.
    """
    snapshot = _FORMAT.decode(data)
    counters, rest = divmod(snapshot.sums.count, WINDOWS_AND_TOTAL)
    refuse_more_counters(_WHAT, counters, WIDTH)
    if rest or not counters:
        raise damaged(_WHAT, f"{snapshot.sums.count} counters of {WINDOWS_AND_TOTAL} windows")
    check_ints(_WHAT, snapshot.sums, None, -_LARGEST_COUNT, _LARGEST_COUNT)
    check_ints(_WHAT, snapshot.register_places, None, 0, WINDOWS_AND_TOTAL * REGISTERS - 1)
    check_ints(_WHAT, snapshot.register_ranks, snapshot.register_places.count, 0, RANKS)
    if len(snapshot.money) != WINDOWS_AND_TOTAL:
        raise damaged(_WHAT, f"money of {len(snapshot.money)} windows")
    check_sums(_WHAT, *snapshot.money)
    posts, rest = divmod(len(snapshot.post_keys), 8)
    if rest:
        raise damaged(_WHAT, f"{len(snapshot.post_keys)} bytes of keys of posts")
    parts = posts * len(POST_COLUMNS) * WINDOWS_AND_TOTAL
    check_ints(_WHAT, snapshot.post_parts, parts, -_LARGEST_COUNT, _LARGEST_COUNT)
    check_moments(_WHAT, snapshot.as_of_ms)
    if snapshot.followers is not None and not 0 <= snapshot.followers <= _LARGEST_COUNT:
        raise damaged(_WHAT, f"{snapshot.followers} followers")
    return snapshot


def read_snapshot(key: bytes | None, data: bytes) -> InfluencerSnapshot:
    """Read a record of ``campaign.influencer-snapshots.v1``.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, no snapshot at all, or not the one that its key names.
    """
    try:
        snapshot = decode_snapshot(data)
    except NewerRecord:
        _, campaign_id, influencer_id, *_ = numbered_fields(data) or (0, "", "")
        if key == snapshot_key(campaign_id, influencer_id):
            raise
        raise PoisonedRecord("foreign_value", f"no {_WHAT}, under the key {key!r}") from None
    if key != snapshot_key(snapshot.campaign_id, snapshot.influencer_id):
        raise PoisonedRecord("foreign_key", f"an {_WHAT} under the key {key!r}")
    return snapshot


def unique_counts(registers: U8) -> list[int]:
    """Return the estimate of each window from ``[window, register]``."""
    windows = np.arange(len(registers))[:, None] * (RANKS + 1)
    histograms = np.bincount((registers + windows).reshape(-1), minlength=len(registers) * (RANKS + 1))
    return [int(value) for value in estimates(histograms.reshape(len(registers), RANKS + 1))]


def describe(
    store: InfluencerStore, registry: Registry, rows: Sequence[int]
) -> list[tuple[InfluencerRollup, InfluencerSnapshot]]:
    """Return rollup and second-stage snapshot of each row, as of the store's stream time."""
    if not rows:
        return []
    sums = store.panes.window_sums(np.array(rows, dtype=np.int64))
    return [
        (rollup, _snapshot(store, row, own_sums, money, rollup))
        for row, own_sums, (rollup, money) in zip(rows, sums, _rollups(store, registry, rows, sums), strict=True)
    ]


def rollups_of(store: InfluencerStore, registry: Registry, rows: Sequence[int]) -> list[InfluencerRollup]:
    """Return the rollup of each row, as ``describe`` has it."""
    if not rows:
        return []
    sums = store.panes.window_sums(np.array(rows, dtype=np.int64))
    return [rollup for rollup, _ in _rollups(store, registry, rows, sums)]


def _rollups(
    store: InfluencerStore, registry: Registry, rows: Sequence[int], sums: I64
) -> list[tuple[InfluencerRollup, list[Sums]]]:
    """Return the rollup of each row, from ``[row, window, counter]``, and its money by window."""
    visible, corrections = shown(sums)
    uniques = store.uniques.counts(np.array(rows, dtype=np.int64), store.time_ms)
    counted = zip(rows, visible.tolist(), uniques.tolist(), corrections.tolist(), strict=True)
    found = []
    for row, counts, own_uniques, own_corrections in counted:
        money = _money_of(store, row)
        found.append((_rollup(store, registry, row, counts, own_uniques, own_corrections, money), money))
    return found


def _money_of(store: InfluencerStore, row: int) -> list[Sums]:
    panes: MoneyPanes | None = store.money.get(row)
    return _NO_MONEY if panes is None else panes.window_sums(store.time_ms)


def _rollup(
    store: InfluencerStore,
    registry: Registry,
    row: int,
    counts: list[list[int]],
    uniques: list[int],
    corrections: list[int],
    money: list[Sums],
) -> InfluencerRollup:
    campaign_id, influencer_id = store.keys[row]
    definition = registry.influencer(campaign_id, influencer_id)
    campaign = registry.campaigns.get(campaign_id)
    card = None if campaign is None else campaign.definition.rate_card
    followers = None if definition is None else definition.followers
    if row in store.followers:
        followers = store.followers[row][1]
    windows: dict[WindowName, WindowStats] = {}
    stats, before = WindowStats(), None
    for index, name in enumerate(WINDOW_NAMES):
        numbers = counts[index], money[index], uniques[index], corrections[index]
        if numbers != before:
            # Often not: somebody quiet for an hour, or heard of for a minute only, has several windows alike.
            stats = window_stats(counts[index], money[index], uniques[index], followers, card, corrections[index])
            before = numbers
        windows[name] = stats
    return InfluencerRollup(
        campaign_id=campaign_id,
        influencer_id=influencer_id,
        platform="" if definition is None else definition.platform,
        handle="" if definition is None else definition.handle,
        followers=followers,
        as_of_ms=store.time_ms,
        windows=windows,
    )


def _snapshot(
    store: InfluencerStore, row: int, sums: I64, money: list[Sums], rollup: InfluencerRollup
) -> InfluencerSnapshot:
    as_of_ms = store.time_ms
    flat = store.uniques.window_registers(row, as_of_ms).reshape(-1)
    places = np.flatnonzero(flat)
    starts_ms = [window_start_ms(window, as_of_ms) for window in WINDOWS]
    posts = [post for post in store.posts.get(row, {}).values() if post.key]
    return InfluencerSnapshot(
        version=_FORMAT.version,
        campaign_id=rollup.campaign_id,
        influencer_id=rollup.influencer_id,
        as_of_ms=as_of_ms,
        followers=rollup.followers,
        sums=pack(sums.reshape(WINDOWS_AND_TOTAL * WIDTH)),
        money=money,
        register_places=pack(places),
        register_ranks=pack(flat[places]),
        post_keys=np.array([post.key for post in posts], dtype="<u8").tobytes(),
        post_parts=pack(np.array([part for post in posts for part in post.parts(starts_ms)], dtype=np.int64)),
    )
