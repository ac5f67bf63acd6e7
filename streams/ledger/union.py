"""Two blocks of a ledger with one key, as one block with the facts of both."""

import msgspec
import numpy as np

from streams.ledger.blocks import EntryBlock, Place, strings_of

_Row = tuple[int, int, int, str, str, str, str, Place]


def union_of(older: EntryBlock, newer: EntryBlock) -> EntryBlock:
    """Return a block with the facts of both, or the newer one when it is redacted.

    A comment that both have, in the same version and at the same place, is in it once; an edit is a fact of its own.
    Blocks with one key begin at one offset of one topic, so one of the two mostly holds all of the other.
    """
    if newer.redacted or msgspec.structs.replace(older, redacted=False) == newer:
        return newer
    rows = list(dict.fromkeys(_rows(older) + _rows(newer)))
    places = {place: number for number, place in enumerate(dict.fromkeys(row[7] for row in rows))}
    return msgspec.structs.replace(
        newer,
        **strings_of(
            [row[3] for row in rows], [row[4] for row in rows], [row[5] for row in rows], [row[6] for row in rows]
        ),
        place_of=np.array([places[row[7]] for row in rows], dtype="<u4").tobytes(),
        places=list(places),
        times_ms=np.array([row[2] for row in rows], dtype="<i8").tobytes(),
        comments=np.array([row[0] for row in rows], dtype="<u8").tobytes(),
        people=np.array([row[1] for row in rows], dtype="<u8").tobytes(),
        withdrawn=_joined(older.withdrawn, newer.withdrawn),
        orders=list(dict.fromkeys(older.orders + newer.orders)),
        refunded=_joined(older.refunded, newer.refunded),
    )


def _rows(block: EntryBlock) -> list[_Row]:
    return list(
        zip(
            np.frombuffer(block.comments, dtype="<u8").tolist(),
            np.frombuffer(block.people, dtype="<u8").tolist(),
            np.frombuffer(block.times_ms, dtype="<i8").tolist(),
            block.comment_ids,
            block.author_ids,
            block.handles,
            block.texts,
            [block.places[number] for number in np.frombuffer(block.place_of, dtype="<u4").tolist()],
            strict=True,
        )
    )


def _joined(older: bytes, newer: bytes) -> bytes:
    both = np.concatenate([np.frombuffer(older, dtype="<u8"), np.frombuffer(newer, dtype="<u8")])
    return np.unique(both).tobytes()
