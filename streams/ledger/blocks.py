"""A block of a giveaway's ledger: the facts of one campaign and one flush, in columns.

Whoever counts needs times, hashes, places and what was said, and whose; ids are for draws, reviews and forgetting, so
these columns stay bytes until somebody asks for them. ``streams.ledger.fact_records`` reads and writes the records.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np
from msgspec import Struct

from streams.columns.arrays import I64, U64
from streams.columns.strings import encoded, taken_apart

_encode_json: Final = msgspec.json.Encoder().encode
encode_place: Final = msgspec.msgpack.Encoder().encode


class Place(Struct, frozen=True, array_like=True, gc=False):
    """What comments have in common: where they stand, and from which country; "" is unknown.

    ``is_sent`` says that their times are those of sending, or of a poll: they may have been written before. Blocks of
    earlier versions do not have it.
    """

    influencer_id: str
    post_id: str
    platform: str
    country: str
    is_reply: bool
    is_sent: bool = False


class Order(Struct, frozen=True, array_like=True, gc=False):
    """A purchase with a discount code by somebody known.

    Names (``streams.ledger.fact_names``) of the order and of the person tell it from others that have its hashes;
    blocks of earlier versions do not have them.
    """

    order: int
    """Hash of platform and order id."""
    person: int
    influencer_id: str
    code: str
    at_ms: int
    order_name: bytes = b""
    person_name: bytes = b""


class EntryBlock(Struct, frozen=True, array_like=True, kw_only=True):
    """Facts of one campaign from one stretch of one input partition. Columns are bytes.

    Four are of strings (``streams.columns.strings``), one for each comment: its id, the author's id and handle ("" when
    unknown), and what is said. ``place_of`` (uint32), ``times_ms`` (int64) and the hashes (uint64) of platform and
    comment id, ``comments``, and of platform and author id, ``people``, are little-endian arrays. ``withdrawn`` are
    hashes of deleted comments, ``refunded`` hashes of orders; ``withdrawn_names`` and ``refunded_names`` are the same
    with their names (``streams.ledger.fact_names``), which tell them from others that have these hashes; blocks of
    earlier versions do not have them. A ``redacted`` block stands for all earlier ones with its
    key. Properties decode the columns; their arrays are views of the bytes where no conversion is needed, and must not
    be written to.
    """

    version: int
    campaign_id: str
    topic: str
    partition: int
    first_offset: int
    joined_comment_ids: bytes
    joined_author_ids: bytes
    joined_handles: bytes
    joined_texts: bytes
    places: list[Place]
    place_of: bytes
    times_ms: bytes
    comments: bytes
    people: bytes
    withdrawn: bytes
    orders: list[Order]
    refunded: bytes
    redacted: bool = False
    withdrawn_names: bytes = b""
    refunded_names: bytes = b""

    @property
    def count(self) -> int:
        """How many comments there are."""
        return len(self.times_ms) // 8

    @property
    def place_numbers(self) -> I64:
        """The place of each comment, by its number in ``places``."""
        return np.frombuffer(self.place_of, dtype="<u4").astype(np.int64)

    @property
    def event_times_ms(self) -> I64:
        """The event time of each comment."""
        return np.frombuffer(self.times_ms, dtype="<i8").astype(np.int64, copy=False)

    @property
    def comment_hashes(self) -> U64:
        """The hash of platform and id of each comment."""
        return _hashes(self.comments)

    @property
    def person_hashes(self) -> U64:
        """The hash of platform and author id of each comment."""
        return _hashes(self.people)

    @property
    def withdrawn_hashes(self) -> U64:
        """The hashes of deleted comments."""
        return _hashes(self.withdrawn)

    @property
    def refunded_hashes(self) -> U64:
        """The hashes of refunded orders."""
        return _hashes(self.refunded)

    @property
    def comment_ids(self) -> list[str]:
        """The id of each comment."""
        return self._strings(self.joined_comment_ids)

    @property
    def author_ids(self) -> list[str]:
        """The author's id of each comment."""
        return self._strings(self.joined_author_ids)

    @property
    def handles(self) -> list[str]:
        """The author's handle of each comment, or "" where it is unknown."""
        return self._strings(self.joined_handles)

    @property
    def texts(self) -> list[str]:
        """What each comment says."""
        return self._strings(self.joined_texts)

    def _strings(self, data: bytes) -> list[str]:
        return taken_apart(data) if self.count else []

    def key(self) -> bytes:
        """Return the record's key: a block read again after a crash has the key of what began at the same offset."""
        return _encode_json(["block", self.campaign_id, self.topic, self.partition, self.first_offset])


def _hashes(column: bytes) -> U64:
    return np.frombuffer(column, dtype="<u8").astype(np.uint64, copy=False)


def strings_of(
    comment_ids: Sequence[str], author_ids: Sequence[str], handles: Sequence[str], texts: Sequence[str]
) -> dict[str, bytes]:
    """Return the columns of strings of a block, by field."""
    return {
        "joined_comment_ids": encoded(comment_ids),
        "joined_author_ids": encoded(author_ids),
        "joined_handles": encoded(handles),
        "joined_texts": encoded(texts),
    }


def rows_of(block: EntryBlock, rows: I64, texts: list[str]) -> EntryBlock:
    """Return a block with some of its comments, with other texts."""
    picked = rows.tolist()
    columns = (block.comment_ids, block.author_ids, block.handles)
    comment_ids, author_ids, handles = ([column[row] for row in picked] for column in columns)
    return msgspec.structs.replace(
        block,
        **strings_of(comment_ids, author_ids, handles, texts),
        place_of=block.place_numbers[rows].astype("<u4").tobytes(),
        times_ms=block.event_times_ms[rows].astype("<i8").tobytes(),
        comments=block.comment_hashes[rows].astype("<u8").tobytes(),
        people=block.person_hashes[rows].astype("<u8").tobytes(),
    )
