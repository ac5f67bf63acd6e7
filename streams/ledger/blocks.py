"""A block of a giveaway's ledger, and the mark of somebody who is forgotten: the records of ``campaign.entries.v1``.

A block has the facts of one campaign and one flush in columns. Whoever counts needs times, hashes, places and what was
said, and whose; ids are for draws, reviews and forgetting, so these columns stay bytes until somebody asks for them.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
from msgspec import Struct

from streams.columns.arrays import I64, U64
from streams.columns.formats import Fields, Format
from streams.columns.strings import encoded, taken_apart

RECORD_BYTES: Final = 6_000_000
"""A longer record is split: it must stay below 8 MiB."""


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
    """A purchase with a discount code by somebody known, or its refund."""

    order: int
    """Hash of platform and order id."""
    person: int
    influencer_id: str
    code: str
    at_ms: int


class EntryBlock(Struct, frozen=True, array_like=True, kw_only=True):
    """Facts of one campaign from one stretch of one input partition. Columns are bytes.

    Four are of strings (``streams.columns.strings``), one for each comment: its id, the author's id and handle ("" when
    unknown), and what is said. ``place_of`` (uint32), ``times_ms`` (int64) and the hashes (uint64) of platform and
    comment id, ``comments``, and of platform and author id, ``people``, are little-endian arrays. ``withdrawn`` are
    hashes of deleted comments, ``refunded`` hashes of orders. A ``redacted`` block stands for all earlier ones with its
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


class Forgotten(Struct, frozen=True, array_like=True, kw_only=True):
    """A person (hash of platform and author id) whose facts up to a moment must not be used any more."""

    version: int
    campaign_id: str
    person: int
    until_ms: int

    def key(self) -> bytes:
        """Return the record's key."""
        return _encode_json(["forgotten", self.campaign_id, self.person])


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


def _from_1(old: Fields) -> Fields:
    """Format 1 had lists of strings, and each text once, with its number at each comment (``text_of``, uint32)."""
    head, comment_ids, author_ids, handles, texts = old[1:5], *old[5:9]
    places, text_of, rest = old[9], np.frombuffer(old[10], dtype="<u4").tolist(), old[11:]
    strings: dict[str, Any] = strings_of(comment_ids, author_ids, handles, [texts[number] for number in text_of])
    return [2, *head, *strings.values(), places, *rest]


_encode_json: Final = msgspec.json.Encoder().encode
_decode_key: Final = msgspec.json.Decoder(list[str | int]).decode
encode_place: Final = msgspec.msgpack.Encoder().encode
_BLOCKS: Final = Format("block of entries", EntryBlock, [_from_1])
_FORGOTTEN: Final = Format("mark of somebody forgotten", Forgotten)
BLOCK_VERSION: Final = _BLOCKS.version
FORGOTTEN_VERSION: Final = _FORGOTTEN.version


def encode_fact(fact: EntryBlock | Forgotten) -> bytes:
    """Return a record's value."""
    return _BLOCKS.encode(fact) if isinstance(fact, EntryBlock) else _FORGOTTEN.encode(fact)


def decode_fact(key: bytes, value: bytes) -> EntryBlock | Forgotten:
    """Read one record of the ledger, of any format there has been.

    Raises:
        ValueError: it was written by a newer version, is damaged, or is no record of a ledger.
        msgspec.DecodeError: the key cannot be decoded.
    """
    kind = _decode_key(key)[0]
    if kind not in ("block", "forgotten"):
        raise ValueError(f"ledger record of kind {kind!r}")
    return _BLOCKS.decode(value) if kind == "block" else _FORGOTTEN.decode(value)


def records_of(block: EntryBlock) -> list[tuple[bytes, bytes]]:
    """Return a block's records, key and value: one, or several where one would get too long.

    A part's key has the block's first offset and the number of its first comment. Offsets grow at least as fast as
    comments, so no other block begins there, but for one that is read again after a crash, with all that follows.
    """
    value = encode_fact(block)
    if len(value) <= RECORD_BYTES or block.count < 2:
        return [(block.key(), value)]
    half = block.count // 2
    return records_of(_part(block, 0, half)) + records_of(_part(block, half, block.count))


def _part(block: EntryBlock, start: int, end: int) -> EntryBlock:
    """Return some of a block's comments; what it has besides goes with the first."""
    some = rows_of(block, np.arange(start, end), block.texts[start:end])
    some = msgspec.structs.replace(some, first_offset=block.first_offset + start)
    return some if not start else msgspec.structs.replace(some, withdrawn=b"", orders=[], refunded=b"")
