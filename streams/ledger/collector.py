"""The ledger of a giveaway: every comment, deletion and order that may matter, as facts in blocks.

An influencer's partition writes what it read, without judging: a block (``streams.ledger.blocks``) is one record of
``campaign.entries.v1`` with the facts of one campaign and one flush. Whoever reads all blocks of a campaign, in any
order and any number of times, has the same *set* of facts: comments are known by platform and comment id, orders by
platform and order id. Rules are applied by the reader, so that a changed rule holds for what came before it, and a draw
can be checked.

Facts are made of every event that is read, redeliveries and what a crash had read again included: a block may be lost
with a crash while the state that it belongs to survives, and then only the second reading brings it back.
"""

from collections.abc import Container, Iterable, Sequence
from typing import Final

import numpy as np

from models.events import ORDERS, CommentCreated, CommentDeleted, Event, Purchase, Refund
from models.times import epoch_ms
from models.topics import COMMENTS
from streams.columns.arrays import I64, U64
from streams.columns.hashing import PlatformSeeds, digest, hash_of, hashes_of
from streams.events.attribution import codes_of
from streams.ledger.block_builder import BLOCK_COMMENTS, BlockBuilder, CommentChunk
from streams.ledger.blocks import EntryBlock, Order
from streams.ledger.fact_names import name_of
from streams.sources.ids import shop_of

_AT_A_TIME: Final = 256
"""Events at hand that are put into a block together, as in ``streams.pipeline.batch_reader``."""


def person_hash(platform: str, author_id: str) -> int:
    """Return the hash by which a person is known: platform and author id."""
    return hash_of(digest(author_id.encode(), PlatformSeeds()[platform]))


class EntryCollector:
    """Collects the facts of one partition of comments or conversions, until a flush takes them.

    Two calls make a comment: ``add_comments`` takes the strings of a chunk while they are in the processor's cache, and
    ``add_columns`` the numbers of the whole batch, which exist only once all of its chunks are read. Between the two no
    block may be taken.

    Args:
        topic: the input topic the facts come from.
        partition: its partition.
        keys: campaign and influencer of each row.
        seeds: hash seeds of platforms, from which those of the comments come.
        block_comments: comments a block may hold.
    """

    def __init__(
        self,
        topic: str,
        partition: int,
        keys: Sequence[tuple[str, str]],
        seeds: PlatformSeeds,
        block_comments: int = BLOCK_COMMENTS,
    ) -> None:
        self._block_comments = block_comments
        self._topic = topic
        self._partition = partition
        self._keys = keys
        self._seeds = seeds
        self._open: dict[str, BlockBuilder] = {}
        self._full: list[tuple[str, BlockBuilder]] = []
        self.giveaways: Container[str] = frozenset()
        """Campaigns whose facts are wanted; those of others are left out."""

    def _block(self, campaign_id: str, offset: int, comments: int = 0) -> BlockBuilder:
        """Return the block that has room for so many comments; a new one from ``offset`` on, where there is none."""
        block = self._open.get(campaign_id)
        if block is not None and comments and not block.has_room(comments):
            self._full.append((campaign_id, block))
            block = None
        if block is None:
            block = self._open[campaign_id] = BlockBuilder(offset, self._block_comments)
        return block

    def _blocks(self) -> list[tuple[str, BlockBuilder]]:
        return [*self._full, *self._open.items()]

    # ------------------------------------------------------------------------ comments

    def add_comments(
        self,
        campaign_id: str | None,
        chunk: CommentChunk,
        first: int,
        offset: int,
    ) -> None:
        """Take a chunk of a batch's comments.

        Args:
            campaign_id: the campaign of all; None where they may be of several.
            chunk: the comments.
            first: the number of the first among the comments of the batch.
            offset: one that is not beyond theirs.
        """
        if not chunk.comments:
            return
        numbers = np.arange(first, first + len(chunk.comments))
        if campaign_id is not None:
            if campaign_id in self.giveaways:
                self._block(campaign_id, offset, len(numbers)).put_comments(chunk, numbers)
            return
        campaigns = [comment.campaign_id for comment in chunk.comments]
        for each in sorted(set(campaigns)):
            if each in self.giveaways:
                own = [other == each for other in campaigns]
                self._block(each, offset, sum(own)).put_comments(chunk.where(own), numbers[own])

    def add_deletions(self, deletions: Sequence[CommentDeleted], seeds: Sequence[int], offset: int) -> None:
        """Take deletions, with the hash seeds of their platforms and an offset that is not beyond theirs."""
        for deletion, seed in zip(deletions, seeds, strict=True):
            if deletion.campaign_id in self.giveaways:
                block = self._block(deletion.campaign_id, offset)
                name = name_of(deletion.platform, deletion.comment_id)
                block.withdrawn.append((hash_of(digest(deletion.comment_id.encode(), seed)), name))

    def add_columns(self, times_ms: I64, rows: I64, people: U64) -> None:
        """Complete a batch: event time, row and author's hash of each of its comments."""
        for _, block in self._blocks():
            block.put_columns(times_ms, rows, people)

    # ---------------------------------------------------------------------- conversions

    def add_order(self, event: Purchase | Refund, influencer_id: str, at_ms: int, offset: int) -> None:
        """Take an order or a refund, with the influencer it names, its event time and its offset."""
        if event.campaign_id not in self.giveaways:
            return
        shop = shop_of(event.event_id)
        number = f"{shop}\0{event.order_id}" if shop else event.order_id
        order = hash_of(digest(number.encode(), self._seeds[event.platform]))
        order_name = name_of(event.platform, number)
        if isinstance(event, Refund):
            self._block(event.campaign_id, offset).refunded.append((order, order_name))
        elif event.author_id and (codes := codes_of(event)):
            platform = event.author_platform or event.platform
            person = hash_of(digest(event.author_id.encode(), self._seeds[platform]))
            person_name = name_of(platform, event.author_id)
            self._block(event.campaign_id, offset).orders.append(
                Order(order, person, influencer_id, codes, at_ms, order_name, person_name)
            )

    # ----------------------------------------------------------------------------- out

    def __bool__(self) -> bool:
        """Whether anything waits for a flush."""
        return bool(self._open or self._full)

    @property
    def waiting_bytes(self) -> int:
        """Memory of the comments that wait for a flush, about."""
        return sum(block.bytes_used for _, block in self._blocks())

    def take(self) -> list[EntryBlock]:
        """Return the blocks of what was added since last asked."""
        opened, self._open = self._open, {}
        return self.take_full() + self._closed(opened.items())

    def take_full(self) -> list[EntryBlock]:
        """Return the blocks to which nothing will be added."""
        full, self._full = self._full, []
        return self._closed(full)

    def _closed(self, blocks: Iterable[tuple[str, BlockBuilder]]) -> list[EntryBlock]:
        where = (self._topic, self._partition, self._keys)
        return [block.close(campaign_id, *where) for campaign_id, block in blocks]


def blocks_of(
    campaign_id: str, topic: str, events: Sequence[Event], *, partition: int = 0, first_offset: int = 0
) -> list[EntryBlock]:
    """Return the facts of events that are at hand, in blocks, as the partition that reads them makes them.

    Args:
        campaign_id: the campaign of all of them.
        topic: the input topic of all of them.
        events: events, at offsets one after the other.
        partition: the topic's partition.
        first_offset: the offset of the first.
    """
    influencers = list({event.influencer_id or "": None for event in events})
    row_of = {influencer_id: row for row, influencer_id in enumerate(influencers)}
    seed_of = PlatformSeeds()
    collector = EntryCollector(topic, partition, [(campaign_id, each) for each in influencers], seed_of)
    collector.giveaways = {campaign_id}
    for start in range(0, len(events), _AT_A_TIME):
        some = events[start : start + _AT_A_TIME]
        offset = first_offset + start
        rows = [row_of[event.influencer_id or ""] for event in some]
        times_ms = [epoch_ms(event.occurred_at) for event in some]
        if topic != COMMENTS:
            for place, event in enumerate(some):
                if isinstance(event, ORDERS) and not event.test:
                    collector.add_order(event, event.influencer_id or "", times_ms[place], first_offset + start + place)
            continue
        places = [place for place, event in enumerate(some) if isinstance(event, CommentCreated)]
        comments = [event for event in some if isinstance(event, CommentCreated)]
        deletions = [event for event in some if isinstance(event, CommentDeleted)]
        seeds = [seed_of[comment.platform] for comment in comments]
        authors = [comment.author_id for comment in comments]
        said = CommentChunk(comments, [comment.text for comment in comments], authors, seeds)
        collector.add_comments(campaign_id, said, 0, offset)
        collector.add_deletions(deletions, [seed_of[deletion.platform] for deletion in deletions], offset)
        people = hashes_of([digest(author.encode(), seed) for author, seed in zip(authors, seeds, strict=True)])
        collector.add_columns(np.array(times_ms)[places], np.array(rows)[places], people)
    return collector.take()
