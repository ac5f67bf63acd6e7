"""The ledger of a giveaway: every comment, deletion and order that may matter, as facts in blocks.

An influencer's partition writes what it read, without judging: a block (``streams.entry_block``) is one record of
``campaign.entries.v1`` with the facts of one campaign and one flush. Whoever reads all blocks of a campaign, in any
order and any number of times, has the same *set* of facts: comments are known by platform and comment id, orders by
platform and order id. Rules are applied by the reader, so that a changed rule holds for what came before it, and a draw
can be checked.

Facts are made of every event that is read, redeliveries and what a crash had read again included: a block may be lost
with a crash while the state that it belongs to survives, and then only the second reading brings it back.
"""

from array import array
from collections.abc import Sequence
from itertools import compress
from typing import Final

import numpy as np

from models.events import CommentCreated, CommentDeleted, Event, Purchase, Refund
from streams.entry_block import BLOCK_VERSION, RECORD_BYTES, EntryBlock, Order, Place
from streams.hashing import PlatformSeeds, digest, hashes_of
from streams.joined_strings import SEPARATOR, encoded
from streams.topics import COMMENTS

_AT_A_TIME: Final = 256
"""Comments looked at together: several looks at few of them find them in the processor's cache."""
BLOCK_COMMENTS: Final = 20_000
"""Comments a block at most; one has about 1.8 MB then."""
_BLOCK_TEXT_BYTES: Final = RECORD_BYTES // 2
"""Bytes of texts with which a block is full: what one has besides is a good megabyte."""
_SEPARATOR: Final = SEPARATOR.encode()


def person_hash(platform: str, author_id: str) -> int:
    """Return the hash by which a person is known: platform and author id."""
    return int(hashes_of([digest(author_id.encode(), PlatformSeeds()[platform])])[0])


class _Numbers(dict[tuple[str, str, str, str, bool], int]):
    """Numbers places in the order in which they are first seen."""

    def __missing__(self, key: tuple[str, str, str, str, bool]) -> int:
        number = self[key] = len(self)
        return number


class _Open:
    """A block that is being filled."""

    def __init__(self, first_offset: int) -> None:
        self.first_offset = first_offset
        self.comment_ids: list[bytes] = []
        self.author_ids: list[bytes] = []
        self.handles: list[bytes] = []
        self.texts: list[bytes] = []
        self.text_bytes = 0
        self.places = _Numbers()
        self.place_of = array("I")
        self.times_ms = array("q")
        self.comments: list[bytes] = []
        self.people: list[bytes] = []
        self.withdrawn: list[bytes] = []
        self.orders: list[Order] = []
        self.refunded: list[bytes] = []

    def close(self, campaign_id: str, topic: str, partition: int) -> EntryBlock:
        return EntryBlock(
            version=BLOCK_VERSION,
            campaign_id=campaign_id,
            topic=topic,
            partition=partition,
            first_offset=self.first_offset,
            joined_comment_ids=_SEPARATOR.join(self.comment_ids),
            joined_author_ids=_SEPARATOR.join(self.author_ids),
            joined_handles=_SEPARATOR.join(self.handles),
            joined_texts=_SEPARATOR.join(self.texts),
            places=[Place(*place) for place in self.places],
            place_of=np.array(self.place_of, dtype="<u4").tobytes(),
            times_ms=np.array(self.times_ms, dtype="<i8").tobytes(),
            comments=_little(self.comments),
            people=_little(self.people),
            withdrawn=_little(self.withdrawn),
            orders=self.orders,
            refunded=_little(self.refunded),
        )


def _little(digests: list[bytes]) -> bytes:
    return hashes_of(digests).astype("<u8").tobytes()


def _put(
    block: _Open, comments: Sequence[CommentCreated], influencers: Sequence[str], seeds: Sequence[int]
) -> list[bytes]:
    """Put what comments say into a block; return the digests of their authors."""
    # Strings are joined while they are in the processor's cache: a look at a whole flush costs three times that.
    comment_ids = [event.comment_id for event in comments]
    author_ids = [event.author_id for event in comments]
    people = list(map(digest, map(str.encode, author_ids), seeds))
    texts = encoded([event.text for event in comments])
    block.texts.append(texts)
    block.text_bytes += len(texts)
    block.comment_ids.append(encoded(comment_ids))
    block.author_ids.append(encoded(author_ids))
    block.handles.append(encoded([event.author_handle or "" for event in comments]))
    posts = [event.post_id for event in comments]
    platforms = [event.platform for event in comments]
    countries = [event.country or "" for event in comments]
    replies = [True if event.parent_id else False for event in comments]  # noqa: SIM210  # bool() takes twice as long
    block.place_of.extend(
        map(block.places.__getitem__, zip(influencers, posts, platforms, countries, replies, strict=True))
    )
    block.comments.append(b"".join(map(digest, map(str.encode, comment_ids), seeds)))
    block.people.append(b"".join(people))
    return people


class EntryCollector:
    """Collects the facts of one partition of comments or conversions, until a flush takes them.

    Args:
        topic: the input topic the facts come from.
        partition: its partition.
    """

    def __init__(self, topic: str, partition: int) -> None:
        self._topic = topic
        self._partition = partition
        self._seeds = PlatformSeeds()
        self._open: dict[str, _Open] = {}
        self._full: list[EntryBlock] = []

    def add(
        self,
        campaign_id: str,
        events: Sequence[Event],
        influencers: Sequence[str],
        times_ms: Sequence[int],
        offsets: Sequence[int],
        seeds: Sequence[int] | None = None,
    ) -> list[bytes] | None:
        """Take events of one campaign; return the digests of the authors of comments, if these are comments.

        Args:
            campaign_id: the campaign, one with a giveaway.
            events: events of the collector's topic.
            influencers: the influencer each counts for.
            times_ms: their event times.
            offsets: their offsets.
            seeds: the hash seeds of their platforms, where they have been looked at already.
        """
        if self._topic != COMMENTS:
            self._add_orders(self._block(campaign_id, int(offsets[0])), events, influencers, times_ms)
            return None
        if seeds is None:
            seeds = [self._seeds[event.platform] for event in events]
        kinds = list(map(type, events))
        if kinds.count(CommentCreated) == len(kinds):
            return self._add_comments(campaign_id, events, influencers, times_ms, offsets, seeds)
        self._block(campaign_id, int(offsets[0])).withdrawn += [
            digest(event.comment_id.encode(), seed)
            for event, seed in zip(events, seeds, strict=True)
            if event.__class__ is CommentDeleted
        ]
        created = [kind is CommentCreated for kind in kinds]
        if not any(created):
            return []
        return self._add_comments(
            campaign_id,
            list(compress(events, created)),
            list(compress(influencers, created)),
            list(compress(times_ms, created)),
            list(compress(offsets, created)),
            list(compress(seeds, created)),
        )

    def _block(self, campaign_id: str, first_offset: int) -> _Open:
        block = self._open.get(campaign_id)
        if block is None:
            block = self._open[campaign_id] = _Open(first_offset)
        return block

    def _add_comments(
        self,
        campaign_id: str,
        comments: Sequence[Event],
        influencers: Sequence[str],
        times_ms: Sequence[int],
        offsets: Sequence[int],
        seeds: Sequence[int],
    ) -> list[bytes]:
        people: list[bytes] = []
        for start in range(0, len(comments), _AT_A_TIME):
            part = slice(start, start + _AT_A_TIME)
            some: Sequence[CommentCreated] = comments[part]  # type: ignore[assignment]  # all are comments
            block = self._block(campaign_id, int(offsets[start]))
            if len(block.place_of) + len(some) > BLOCK_COMMENTS or block.text_bytes > _BLOCK_TEXT_BYTES:
                self._full.append(self._open.pop(campaign_id).close(campaign_id, self._topic, self._partition))
                block = self._block(campaign_id, int(offsets[start]))
            block.times_ms.extend(times_ms[part])
            people += _put(block, some, influencers[part], seeds[part])
        return people

    def _add_orders(
        self, block: _Open, events: Sequence[Event], influencers: Sequence[str], times_ms: Sequence[int]
    ) -> None:
        seeds = self._seeds
        for event, influencer_id, at_ms in zip(events, influencers, times_ms, strict=True):
            if not isinstance(event, Purchase | Refund) or event.test:
                continue
            order = digest(event.order_id.encode(), seeds[event.platform])
            if isinstance(event, Refund):
                block.refunded.append(order)
            elif event.author_id and event.discount_code:
                person = digest(event.author_id.encode(), seeds[event.author_platform or event.platform])
                order_hash, person_id = hashes_of([order, person]).tolist()
                block.orders.append(Order(order_hash, person_id, influencer_id, event.discount_code, at_ms))

    def take(self) -> list[EntryBlock]:
        """Return the blocks of what was added since last asked; those without a fact are left out."""
        taken, self._open = self._open, {}
        full, self._full = self._full, []
        return full + [
            block.close(campaign_id, self._topic, self._partition)
            for campaign_id, block in taken.items()
            if block.place_of or block.withdrawn or block.orders or block.refunded
        ]
