"""Arrays by the type of their elements; their axes are said where they are used."""

import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
U64 = NDArray[np.uint64]
F64 = NDArray[np.float64]


def where(flags: NDArray[np.generic]) -> I64:
    """Return the places that are not zero, as ``numpy.flatnonzero`` does of one dimension: 1 µs instead of 4 a call."""
    places: I64 = flags.nonzero()[0]
    return places
