"""Integers as bytes of the smallest type that holds them: how counters are stored and sent."""

from typing import Final

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streams.columns.arrays import I64

_SMALL: Final = ("<i1", "<i2", "<i4", "<i8")


class PackedInts(Struct, frozen=True, array_like=True):
    """Integers as bytes of the smallest type that holds them all."""

    dtype: str
    data: bytes


def pack(values: NDArray[np.generic]) -> PackedInts:
    """Pack integers as small as they allow.

    Raises:
        OverflowError: 64 bits do not hold them.
    """
    if not values.size:
        return PackedInts("<i1", b"")
    low, high = int(values.min()), int(values.max())
    for dtype in _SMALL:
        bounds = np.iinfo(dtype)
        if bounds.min <= low and high <= bounds.max:
            return PackedInts(dtype, values.astype(dtype).tobytes())
    raise OverflowError(f"a counter beyond 64 bits: {low}..{high}")


def unpack(packed: PackedInts) -> I64:
    """Undo ``pack``."""
    return as_packed(packed).astype(np.int64)


def as_packed(packed: PackedInts) -> NDArray[np.signedinteger]:
    """Return packed integers in the type they were packed in."""
    return np.frombuffer(packed.data, dtype=packed.dtype)
