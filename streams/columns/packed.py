"""Integers as bytes of the smallest type that holds them: how counters are stored and sent."""

from typing import Final, Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.columns.arrays import I64
from streams.columns.formats import damaged

_SMALL: Final[tuple[tuple[Literal["<i1", "<i2", "<i4", "<i8"], int], ...]] = (
    ("<i1", 1 << 7),
    ("<i2", 1 << 15),
    ("<i4", 1 << 31),
    ("<i8", 1 << 63),
)
"""Types, and the first integer that each is too small for."""


class PackedInts(Struct, frozen=True, array_like=True):
    """Integers as bytes of the smallest type that holds them all."""

    dtype: Literal["<i1", "<i2", "<i4", "<i8"]
    data: bytes

    @property
    def count(self) -> int:
        """How many there are; bytes that are left over do not count."""
        return len(self.data) // int(self.dtype[2])


def pack(values: NDArray[np.generic]) -> PackedInts:
    """Pack integers as small as they allow.

    Raises:
        OverflowError: 64 bits do not hold them.
    """
    if not values.size:
        return PackedInts("<i1", b"")
    low, high = int(values.min()), int(values.max())
    for dtype, beyond in _SMALL:
        if -beyond <= low and high < beyond:
            return PackedInts(dtype, values.astype(dtype).tobytes())
    raise OverflowError(f"a counter beyond 64 bits: {low}..{high}")


def unpack(packed: PackedInts) -> I64:
    """Undo ``pack``."""
    return as_packed(packed).astype(np.int64)


def as_packed(packed: PackedInts) -> NDArray[np.signedinteger]:
    """Return packed integers in the type they were packed in."""
    return np.frombuffer(packed.data, dtype=packed.dtype)


def check_ints(what: str, packed: PackedInts, count: int | None, low: int, high: int) -> I64:
    """Return the integers of a stored record that stand between two bounds, both included.

    Raises:
        PoisonedRecord: there are others, more or fewer than ``count`` (None for any), or a part of one.
    """
    if len(packed.data) % int(packed.dtype[2]):
        raise damaged(what, f"{len(packed.data)} bytes of {packed.dtype}")
    if count is not None and packed.count != count:
        raise damaged(what, f"{packed.count} integers where {count} belong")
    values = unpack(packed)
    if len(values) and not low <= int(values.min()) <= int(values.max()) <= high:
        raise damaged(what, f"integers from {values.min()} to {values.max()}, expected {low} to {high}")
    return values


def check_count(what: str, packed: PackedInts, count: int) -> None:
    """Check how many integers a stored record has, without a look at them.

    Raises:
        PoisonedRecord: more or fewer than ``count``.
    """
    if len(packed.data) != count * int(packed.dtype[2]):
        raise damaged(what, f"{len(packed.data)} bytes of {packed.dtype} where {count} integers belong")
