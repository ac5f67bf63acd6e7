"""A block of a giveaway's ledger while it is being filled: strings a chunk at a time, numbers a batch at a time.

Strings are joined while they are in the processor's cache: a look at a whole flush costs three times that. Numbers are
columns of the batch already.
"""

from array import array
from collections.abc import Sequence
from itertools import compress
from typing import Final, NamedTuple

import numpy as np

from models.events import CommentCreated
from streams.columns.arrays import I64, U64
from streams.columns.hashing import hashes_of_strings
from streams.columns.strings import SEPARATOR, encoded_together
from streams.comparison import platform_key
from streams.ledger.blocks import EntryBlock, Order, Place
from streams.ledger.fact_names import Named, column_of
from streams.ledger.fact_records import BLOCK_VERSION, RECORD_BYTES

BLOCK_COMMENTS: Final = 20_000
"""Comments a block at most; one has about 1.8 MB then."""
_BLOCK_TEXT_BYTES: Final = RECORD_BYTES // 2
"""Bytes of texts with which a block is full: what one has besides is a good megabyte."""
_NUMBERS_BYTES: Final = 48
"""What a comment takes besides its strings: two hashes, time, row, post, country, platform and kind."""
_OF_SENDING: Final = ("send_time", "poll_time")
_TABLE: Final = 1 << 22
"""Different numbers up to which they are looked up in a table: 3 ns each, and 60 by sorting."""


class _Numbers(dict[str, int]):
    """Numbers strings in the order in which they are first seen."""

    def __missing__(self, key: str) -> int:
        number = self[key] = len(self)
        return number


class CommentChunk(NamedTuple):
    """Comments, and what is needed of them beside giveaways too: texts, author ids, hash seeds of their platforms."""

    comments: Sequence[CommentCreated]
    texts: Sequence[str]
    author_ids: Sequence[str]
    seeds: list[int]

    def where(self, wanted: Sequence[bool]) -> "CommentChunk":
        """Return the comments of a mask."""
        return CommentChunk(
            list(compress(self.comments, wanted)),
            list(compress(self.texts, wanted)),
            list(compress(self.author_ids, wanted)),
            list(compress(self.seeds, wanted)),
        )


class BlockBuilder:
    """Facts of one campaign, from one offset of an input partition on.

    Args:
        first_offset: that offset.
        most_comments: comments a block may hold.
    """

    def __init__(self, first_offset: int, most_comments: int = BLOCK_COMMENTS) -> None:
        self._most_comments = most_comments
        self._first_offset = first_offset
        self._comment_ids: list[bytes] = []
        self._author_ids: list[bytes] = []
        self._handles: list[bytes] = []
        self._texts: list[bytes] = []
        self._text_bytes = 0
        self.bytes_used = 0
        """Memory of the comments, about."""
        self._posts = _Numbers()
        self._post_of = array("I")
        self._seeds = array("Q")
        self._platform_of: dict[int, str] = {}
        """A spelling of the platform of each seed."""
        self._countries = _Numbers({"": 0})
        self._country_of = array("I")
        self._is_reply = bytearray()
        self._is_sent = bytearray()
        self._times_ms: list[I64] = []
        self._rows: list[I64] = []
        self._people: list[U64] = []
        self._waiting: list[I64] = []
        self.withdrawn: list[Named] = []
        """Hashes and names of deleted comments."""
        self.orders: list[Order] = []
        self.refunded: list[Named] = []
        """Hashes and names of orders."""

    def has_room(self, comments: int) -> bool:
        """Whether so many comments may be put into it; without any it has room for all that come together.

        Another block would begin at the same offset, have the same key, and replace this one's deletions.
        """
        held = len(self._post_of)
        return not held or (held + comments <= self._most_comments and self._text_bytes <= _BLOCK_TEXT_BYTES)

    def put_comments(self, chunk: CommentChunk, numbers: I64) -> None:
        """Take a chunk of a batch's comments; ``numbers`` are theirs among the batch's comments."""
        comments, texts, author_ids, seeds = chunk
        comment_ids = [comment.comment_id for comment in comments]
        names = [comment.author_handle or "" for comment in comments]
        ids, authors, handles, said = encoded_together((comment_ids, author_ids, names, texts))
        self._text_bytes += len(said)
        self._comment_ids.append(ids)
        self._author_ids.append(authors)
        self._handles.append(handles)
        self._texts.append(said)
        self.bytes_used += len(ids) + len(authors) + len(handles) + len(said) + _NUMBERS_BYTES * len(comments)
        self._post_of.extend(map(self._posts.__getitem__, [comment.post_id for comment in comments]))
        self._seeds.fromlist(seeds)  # half of what extending takes
        if not self._platform_of.keys() >= set(seeds):
            self._platform_of.update(zip(seeds, [comment.platform for comment in comments], strict=True))
        # Most comments have neither; finding that out together takes 23 ns less a comment.
        if [comment.country or comment.parent_id for comment in comments].count(None) == len(comments):
            self._country_of.frombytes(bytes(len(comments) * self._country_of.itemsize))
            self._is_reply += bytes(len(comments))
        else:
            self._country_of.extend([self._countries[comment.country or ""] for comment in comments])
            self._is_reply += bytes([bool(comment.parent_id) for comment in comments])
        sources = [comment.time_source for comment in comments]
        if sources.count("payload") == len(sources):
            self._is_sent += bytes(len(sources))
        else:
            self._is_sent += bytes([source in _OF_SENDING for source in sources])
        self._waiting.append(numbers)

    def put_columns(self, times_ms: I64, rows: I64, people: U64) -> None:
        """Complete what was taken of a batch with the event times, rows and people of all of its comments."""
        if self._waiting:
            numbers = np.concatenate(self._waiting)
            self._waiting = []
            self._times_ms.append(times_ms[numbers])
            self._rows.append(rows[numbers])
            self._people.append(people[numbers])

    def close(
        self,
        campaign_id: str,
        topic: str,
        partition: int,
        keys: Sequence[tuple[str, str]],
    ) -> EntryBlock:
        """Return the block.

        Args:
            campaign_id: the campaign.
            topic: the input topic.
            partition: its partition.
            keys: campaign and influencer of each row.
        """
        places, place_of = self._places(keys) if self._rows else ([], np.zeros(0, dtype=np.int64))
        comment_ids = SEPARATOR.join(self._comment_ids)
        comments = hashes_of_strings(comment_ids, np.frombuffer(self._seeds, dtype=np.uint64))
        return EntryBlock(
            version=BLOCK_VERSION,
            campaign_id=campaign_id,
            topic=topic,
            partition=partition,
            first_offset=self._first_offset,
            joined_comment_ids=comment_ids,
            joined_author_ids=SEPARATOR.join(self._author_ids),
            joined_handles=SEPARATOR.join(self._handles),
            joined_texts=SEPARATOR.join(self._texts),
            places=places,
            place_of=place_of.astype("<u4").tobytes(),
            times_ms=b"".join(times_ms.astype("<i8").tobytes() for times_ms in self._times_ms),
            comments=comments.astype("<u8").tobytes(),
            people=b"".join(people.astype("<u8").tobytes() for people in self._people),
            withdrawn=_hashes(self.withdrawn),
            orders=self.orders,
            refunded=_hashes(self.refunded),
            withdrawn_names=column_of(self.withdrawn),
            refunded_names=column_of(self.refunded),
        )

    def _places(self, keys: Sequence[tuple[str, str]]) -> tuple[list[Place], I64]:
        """Return the distinct places of the comments, and the number of each comment's."""
        # Spellings of one platform have one seed; the ledger has one of them.
        seeds = np.array(sorted(self._platform_of), dtype=np.uint64)
        platforms = [platform_key(self._platform_of[seed]) for seed in sorted(self._platform_of)]
        columns = [
            np.concatenate(self._rows),
            np.array(self._post_of),
            np.searchsorted(seeds, np.frombuffer(self._seeds, dtype=np.uint64)),
            np.array(self._country_of),
            np.frombuffer(self._is_reply, dtype=np.uint8),
            np.frombuffer(self._is_sent, dtype=np.uint8),
        ]
        sizes = [int(columns[0].max()) + 1, len(self._posts), len(seeds), len(self._countries), 2, 2]
        combined = columns[0]
        for column, size in zip(columns[1:], sizes[1:], strict=True):
            combined = combined * size + column
        found, place_of = _numbered(combined)
        posts, countries = list(self._posts), list(self._countries)
        parts = zip(*(each.tolist() for each in np.unravel_index(found, sizes)), strict=True)
        return [
            Place(keys[row][1], posts[post], platforms[platform], countries[country], bool(is_reply), bool(is_sent))
            for row, post, platform, country, is_reply, is_sent in parts
        ], place_of


def _numbered(values: I64) -> tuple[I64, I64]:
    """Return the distinct values, sorted, and which of them each value is."""
    size = int(values.max()) + 1
    if size > _TABLE:
        found, numbers = np.unique(values, return_inverse=True)
        return found, numbers
    is_there = np.zeros(size, dtype=np.bool_)
    is_there[values] = True
    return np.flatnonzero(is_there), (np.cumsum(is_there) - 1)[values]


def _hashes(named: list[Named]) -> bytes:
    return np.array([number for number, _ in named], dtype="<u8").tobytes()
