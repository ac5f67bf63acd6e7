"""Packed integers: as small as they allow, and the same when they come back."""

import numpy as np
import pytest

from streams.columns.packed import pack, unpack


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([], "<i1"),
        ([0], "<i1"),
        ([-(2**7), 2**7 - 1], "<i1"),
        ([2**7], "<i2"),
        ([-(2**7) - 1], "<i2"),
        ([-(2**15), 2**15 - 1], "<i2"),
        ([2**15], "<i4"),
        ([-(2**31), 2**31 - 1], "<i4"),
        ([2**31], "<i8"),
        ([-(2**63), 2**63 - 1], "<i8"),
    ],
)
def test_integers_are_packed_as_small_as_they_allow(values: list[int], dtype: str) -> None:
    """At both ends of every size, what is packed comes back and takes no more bytes than needed."""
    packed = pack(np.array(values, dtype=np.int64))
    assert packed.dtype == dtype
    assert len(packed.data) == len(values) * int(dtype[2:])
    assert unpack(packed).tolist() == values
    assert unpack(packed).dtype == np.int64


def test_integers_beyond_64_bits_are_refused() -> None:
    """A number that does not fit is an error, never a wrong number."""
    with pytest.raises(OverflowError, match="beyond 64 bits"):
        pack(np.array([2**63], dtype=np.uint64))
