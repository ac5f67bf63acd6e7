"""The records of ``campaign.entries.v1``, the ledger of giveaways: blocks and marks, keys and values, every format."""

from typing import Any, Final

import msgspec
import numpy as np

from streams.columns.formats import (
    NEWER,
    Fields,
    Format,
    NewerRecord,
    PoisonedRecord,
    check_moments,
    damaged,
    numbered_fields,
)
from streams.columns.strings import SEPARATOR
from streams.ledger.blocks import EntryBlock, rows_of, strings_of
from streams.ledger.fact_names import NAME_BYTES, NAMED_BYTES
from streams.ledger.marks import Cleared, Forgotten, SealedMark
from streams.ledger.sealing import NO_KEY, opened, sealed

RECORD_BYTES: Final = 6_000_000
"""A longer record is split: it must stay below 8 MiB."""
Fact = EntryBlock | Forgotten | Cleared
"""What a record of the ledger says."""


def _from_1(old: Fields) -> Fields:
    """Format 1 had lists of strings, and each text once, with its number at each comment (``text_of``, uint32)."""
    head, comment_ids, author_ids, handles, texts = old[1:5], *old[5:9]
    places, text_of, rest = old[9], np.frombuffer(old[10], dtype="<u4").tolist(), old[11:]
    strings: dict[str, Any] = strings_of(comment_ids, author_ids, handles, [texts[number] for number in text_of])
    return [2, *head, *strings.values(), places, *rest]


def _from_2(old: Fields) -> Fields:
    """Format 2 knew deletions, refunds and orders by their hashes alone."""
    fields = [3, *old[1:]]
    return [*fields, *([False] if len(fields) == _FIELDS_OF_2 - 1 else []), b"", b""]


_FIELDS_OF_2: Final = 18
_encode_json: Final = msgspec.json.Encoder().encode
_decode_key: Final = msgspec.json.Decoder(list[str | int]).decode
_BLOCK: Final = "block of entries"
_BLOCKS: Final = Format(_BLOCK, EntryBlock, (int, str, str, int, int), [_from_1, _from_2])
_FORGOTTEN: Final = Format("mark of somebody forgotten", Forgotten, (int, str, int, int))
_SEALED: Final = Format("sealed mark of somebody forgotten", SealedMark, (int, str, bytes, int))
_CLEARED: Final = Format("mark of a cleared record", Cleared, (int, int, str))
_FORMATS: Final[dict[str | int, Format[Any]]] = {
    "block": _BLOCKS,
    "forgotten": _FORGOTTEN,
    "sealed": _SEALED,
    "cleared": _CLEARED,
}
_LARGEST_HASH: Final = (1 << 64) - 1
BLOCK_VERSION: Final = _BLOCKS.version
FORGOTTEN_VERSION: Final = _FORGOTTEN.version
CLEARED_VERSION: Final = _CLEARED.version


def encode_fact(fact: Fact) -> bytes:
    """Return a record's value."""
    if isinstance(fact, EntryBlock):
        return _BLOCKS.encode(fact)
    return _FORGOTTEN.encode(fact) if isinstance(fact, Forgotten) else _CLEARED.encode(fact)


def sealed_mark(mark: Forgotten, id_key: bytes) -> tuple[bytes, bytes]:
    """Return the record, key and value, of somebody forgotten: only who has the key can tell who it is."""
    seal = sealed(mark.person, mark.campaign_id, id_key)
    record = SealedMark(version=_SEALED.version, campaign_id=mark.campaign_id, seal=seal, until_ms=mark.until_ms)
    return _encode_json(["sealed", mark.campaign_id, seal.hex()]), _SEALED.encode(record)


def decode_fact(key: bytes | None, value: bytes, id_key: bytes = NO_KEY) -> Fact:
    """Read one record of the ledger, of any format there has been.

    Args:
        key: its key.
        value: its value.
        id_key: opens the marks of forgotten people; those that were sealed without any are read besides.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no record of a ledger.
    """
    kind, *name = _key_of(key)
    if kind not in _FORMATS:
        # The campaign's name stands behind the kind, and behind the number.
        if name and (numbered_fields(value) or [])[1:2] == name[:1]:
            raise NewerRecord(f"a ledger record of the unknown kind {kind!r}: {NEWER}")
        raise PoisonedRecord("foreign_key", f"a ledger record of kind {kind!r}")
    record = _FORMATS[kind].decode(value)
    fact: Fact = _unsealed(record, id_key) if isinstance(record, SealedMark) else record
    if isinstance(fact, EntryBlock):
        _check_block(fact)
    elif isinstance(fact, Forgotten) and not 0 <= fact.person <= _LARGEST_HASH:
        raise damaged(_FORGOTTEN.what, f"person {fact.person}")
    if not name or name[0] != (fact.campaign_id if not isinstance(fact, Cleared) else fact.offset):
        raise PoisonedRecord("foreign_key", f"a ledger record of another campaign than its key {key!r} names")
    return fact


def _unsealed(mark: SealedMark, id_key: bytes) -> Forgotten:
    """Open a mark.

    Raises:
        PoisonedRecord: it was sealed with another key, or by nobody.
    """
    for key in (id_key, NO_KEY):
        person = opened(mark.seal, mark.campaign_id, key)
        if person is not None:
            return Forgotten(
                version=FORGOTTEN_VERSION, campaign_id=mark.campaign_id, person=person, until_ms=mark.until_ms
            )
    raise PoisonedRecord("foreign_value", "a mark of somebody forgotten that PULSE_ID_KEY does not open")


def _key_of(key: bytes | None) -> list[str | int]:
    try:
        parts = _decode_key(key or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonedRecord("foreign_key", f"the key {key!r}: {error}") from None
    if not parts or not isinstance(parts[0], str):
        raise PoisonedRecord("foreign_key", f"the key {key!r} names no kind of record")
    return parts


def _check_block(block: EntryBlock) -> None:
    """Check that the columns of a block belong together: they are taken apart much later.

    Raises:
        PoisonedRecord: they do not.
    """
    count = block.count
    if (len(block.times_ms), len(block.comments), len(block.people), len(block.place_of)) != (
        *(8 * count, 8 * count, 8 * count),
        4 * count,
    ):
        raise damaged(_BLOCK, f"columns of other lengths than {count} comments")
    if len(block.withdrawn) % 8 or len(block.refunded) % 8:
        raise damaged(_BLOCK, "a part of a hash")
    if block.partition < 0 or block.first_offset < 0:
        raise damaged(_BLOCK, f"from partition {block.partition}, offset {block.first_offset}")
    if len(block.withdrawn_names) % NAMED_BYTES or len(block.refunded_names) % NAMED_BYTES:
        raise damaged(_BLOCK, "a part of a name")
    for order in block.orders:
        check_moments(_BLOCK, order.at_ms)
        if not {len(order.order_name), len(order.person_name)} <= {0, NAME_BYTES}:
            raise damaged(_BLOCK, "a part of an order's name")
        if not (0 <= order.order <= _LARGEST_HASH and 0 <= order.person <= _LARGEST_HASH):
            raise damaged(_BLOCK, "an order without hashes")
    if not count:
        return
    if int(block.place_numbers.max()) >= len(block.places):
        raise damaged(_BLOCK, f"a comment at a place that is none of its {len(block.places)}")
    times_ms = block.event_times_ms
    check_moments(_BLOCK, int(times_ms.min()), int(times_ms.max()))
    columns = (block.joined_comment_ids, block.joined_author_ids, block.joined_handles, block.joined_texts)
    for column in columns:
        if column.count(SEPARATOR) != count - 1:
            raise damaged(_BLOCK, f"a column of strings for other than {count} comments")
        try:
            column.decode()
        except UnicodeDecodeError as error:
            raise damaged(_BLOCK, f"strings that are no text: {error}") from None


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
    nothing = {"withdrawn": b"", "orders": [], "refunded": b"", "withdrawn_names": b"", "refunded_names": b""}
    return some if not start else msgspec.structs.replace(some, **nothing)
