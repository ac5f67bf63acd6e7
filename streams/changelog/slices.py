"""Checkpoints that may be too large for one changelog record: cut into slices, and put together again.

A checkpoint counts once its *head* is written. A small one lies in its head; of a large one the head says how many
slices there are and in which generation. Slices of two generations take turns, so that those the newest head names
are never overwritten: a writer that is killed between any two records leaves a whole checkpoint behind.
"""

from typing import Final, TypeAlias

import msgspec

from streams.changelog.keys import Slots, alerts_key
from streams.columns.formats import PoisonedRecord, damaged

SLICE_BYTES: Final = 512 * 1024
"""Checkpoints up to this size are one record."""
Change: TypeAlias = tuple[bytes, bytes | None]
"""Key and value of a changelog record; a value of None deletes."""


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The record that makes a checkpoint count: all of it, or which slices it lies in."""

    generation: int
    slices: int
    data: bytes


_WHAT: Final = "head of a checkpoint"
_encode_head = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Head).decode


def decode_head(data: bytes) -> Head:
    """Read a head.

    Raises:
        PoisonedRecord: it is none.
    """
    try:
        head = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonedRecord("foreign_value", f"not a {_WHAT}: {error}") from None
    if head.generation < 0 or head.slices < 0:
        raise damaged(_WHAT, f"{head.slices} slices of generation {head.generation}")
    return head


class Cut(msgspec.Struct):
    """Changelog records of checkpoints; each group must be confirmed before the next is written."""

    slices: list[Change] = []
    heads: list[Change] = []
    deletions: list[Change] = []
    """Slices that no head names any more."""

    def groups(self) -> list[list[Change]]:
        """Return the groups, in the order of writing."""
        return [self.slices, self.heads, self.deletions]


class SlicedCheckpoints:
    """Which records the checkpoints of campaigns lie in.

    Args:
        slice_bytes: the size up to which a checkpoint is one record, and that of each slice of a larger one.
    """

    def __init__(self, slice_bytes: int = SLICE_BYTES) -> None:
        self._slice_bytes = slice_bytes
        self._generations: dict[str, int] = {}
        self._counts: dict[str, list[int]] = {}
        """Slices in the changelog, by campaign, of even and of odd generations."""

    def read(self, campaign_id: str, slots: Slots) -> bytes | None:
        """Return the newest whole checkpoint among a campaign's records, or None when no head was ever written.

        Raises:
            PoisonedRecord: the head is none, or names slices that are not there.
        """
        self._counts[campaign_id] = [len(each) for each in slots.slices]
        if slots.head is None:
            return None
        head = decode_head(slots.head)
        self._generations[campaign_id] = head.generation
        if not head.slices:
            return head.data
        found = slots.slices[head.generation % 2]
        if head.slices > len(found) or any(place not in found for place in range(head.slices)):
            raise damaged(_WHAT, f"{head.slices} slices, of which {len(found)} are there")
        return b"".join(found[place] for place in range(head.slices))

    def cut(self, partition: int, campaign_id: str, data: bytes, cut: Cut) -> None:
        """Add the records of a campaign's next checkpoint to ``cut``."""
        generation = self._generations[campaign_id] = self._generations.get(campaign_id, -1) + 1
        turn = generation % 2
        counts = self._counts.setdefault(campaign_id, [0, 0])
        size = self._slice_bytes
        count = 0 if len(data) <= size else -(-len(data) // size)
        cut.slices += [
            (alerts_key(partition, campaign_id, turn, place), data[place * size : (place + 1) * size])
            for place in range(count)
        ]
        cut.deletions += [
            (alerts_key(partition, campaign_id, turn, place), None) for place in range(count, counts[turn])
        ]
        counts[turn] = count
        head = Head(generation, count, b"" if count else data)
        cut.heads.append((alerts_key(partition, campaign_id), _encode_head(head)))

    def forget(self, partition: int, campaign_id: str, cut: Cut) -> None:
        """Add the deletion of everything of a campaign to ``cut``: the head goes first, its slices after it."""
        cut.heads.append((alerts_key(partition, campaign_id), None))
        cut.deletions += [
            (alerts_key(partition, campaign_id, turn, place), None)
            for turn, count in enumerate(self._counts.pop(campaign_id, [0, 0]))
            for place in range(count)
        ]
        self._generations.pop(campaign_id, None)

    def clear(self) -> None:
        """Know of no campaign any more: other workers write their checkpoints."""
        self._generations.clear()
        self._counts.clear()
