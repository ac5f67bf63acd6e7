"""What events are known by in one partition: hashes of what makes each one, under the partition's own secret key.

An event is one by platform and event id, a comment by platform and comment id; and for each owner by itself: one event
of two influencers is counted for both, and causes with one event id may be of several orders. Hashes of the parts have
independent keys, so that their exclusive or is as good as one of them (``streams.columns.keyed_hashes``).
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np

from models.events import Event, OrderBooked
from streams.changelog.id_segments import Naming
from streams.columns.arrays import I64, U64
from streams.columns.keyed_hashes import UNKNOWN_KEY, KeyedHashes
from streams.comparison import platform_key
from streams.orders.order import OrderKey
from streams.statistics.influencers import mark_of

_MOST_PLATFORMS: Final = 10_000
"""Platforms whose hash is remembered; beyond, all are forgotten, and computed anew."""


class _Remembered(dict[str, int]):
    """Hashes by spelling of a platform."""

    def __init__(self, hash_of: Callable[[str], int]) -> None:
        super().__init__()
        self._hash_of = hash_of

    def __missing__(self, platform: str) -> int:
        if len(self) >= _MOST_PLATFORMS:
            self.clear()
        found = self[platform] = self._hash_of(platform)
        return found


class EventNames:
    """Names events under a key.

    Args:
        key: the secret, ``streams.columns.keyed_hashes.KEY_BYTES`` long.
    """

    def __init__(self, key: bytes = UNKNOWN_KEY) -> None:
        self.adopt(key)

    def adopt(self, key: bytes) -> None:
        """Name events under another key from now on."""
        self.key = key
        self._ids = KeyedHashes(key, b"event id")
        self._orders = KeyedHashes(key, b"order id")
        self._events = _Remembered(lambda platform: self.mark(b"events", platform_key(platform)))
        self._deletions = _Remembered(lambda platform: self.mark(b"deletions", platform_key(platform)))
        self._row_marks: U64 = np.zeros(0, dtype=np.uint64)
        self._older_row_marks: U64 = np.zeros(0, dtype=np.uint64)

    def mark(self, purpose: bytes, *names: str) -> int:
        """Return the hash of what is named by several strings."""
        said = b"".join(len(name).to_bytes(4, "big") + name for name in (purpose, *(each.encode() for each in names)))
        return int.from_bytes(hashlib.blake2b(said, digest_size=8, key=self.key, person=b"pulse mark").digest(), "big")

    def ids(self, ids: Sequence[str]) -> U64:
        """Return the hashes of ids, without platforms and owners."""
        return self._ids.of(ids)

    def of_platforms(self, platforms: Sequence[str], deletions: Sequence[int] = ()) -> U64:
        """Return what each platform adds; at some places to the ids of deletions, which are no comments' ids."""
        if not deletions and platforms.count(platforms[0]) == len(platforms):
            return np.full(len(platforms), self._events[platforms[0]], dtype=np.uint64)
        found = list(map(self._events.__getitem__, platforms))
        for place in deletions:
            found[place] = self._deletions[platforms[place]]
        return np.array(found, dtype=np.uint64)

    def of_rows(self, keys: Sequence[tuple[str, str]], rows: I64) -> U64:
        """Return what rows add: ``keys`` are campaign and influencer of every row there is."""
        if len(self._row_marks) < len(keys):
            new = [self.mark(b"row", *key) for key in keys[len(self._row_marks) :]]
            self._row_marks = np.append(self._row_marks, np.array(new, dtype=np.uint64))
        return self._row_marks[rows]

    def of_orders(self, keys: Sequence[OrderKey]) -> U64:
        """Return what orders add to the ids of their purchases and refunds."""
        shops: dict[tuple[str, str], int] = {}
        found = []
        for campaign_id, platform, _ in keys:
            shop = shops.get((campaign_id, platform))
            if shop is None:
                shop = shops[campaign_id, platform] = self.mark(b"shop", campaign_id, platform)
            found.append(shop)
        return np.array(found, dtype=np.uint64) ^ self._orders.of([key.order_id for key in keys])

    def of_bookings(self, events: Sequence[Event]) -> U64:
        """Return what bookings add to their ids, for their orders; 0 for other events."""
        marks = np.zeros(len(events), dtype=np.uint64)
        booked = {place: event.order_id for place, event in enumerate(events) if type(event) is OrderBooked}
        if booked:
            marks[list(booked)] = self._orders.of(list(booked.values()))
        return marks


def older_names(
    by_event: U64 | None, by_comment: U64 | None, keys: Sequence[tuple[str, str]], rows: I64, events: Sequence[Event]
) -> Mapping[Naming, U64]:
    """Return the names that older versions gave: XXH3 of events, or of comments, and their owners; or of events alone.

    Args:
        by_event: the hashes of events' ids; None where no older version named events so.
        by_comment: those of comments' ids, and of other events' own; None where none named them so.
        keys: campaign and influencer of every row.
        rows: of the events.
        events: the events themselves, where they are no comments.
    """
    found = {} if by_event is None else {Naming.PLAIN: by_event}
    if by_comment is not None:
        named = np.flatnonzero(np.bincount(rows)).tolist()
        marks = np.zeros(int(rows.max()) + 1, dtype=np.uint64)
        marks[named] = [mark_of(*keys[row]) for row in named]
        owned = by_comment ^ marks[rows]
        bookings = [mark_of(event.order_id) if type(event) is OrderBooked else 0 for event in events]
        if bookings:
            owned = owned ^ np.array(bookings, dtype=np.uint64)
        found[Naming.OWNED] = owned
    return found
