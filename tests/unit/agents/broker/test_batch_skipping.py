"""Which batch is stepped over, and where reading goes on behind it."""

import struct

import pytest

from agents.broker.batch_skipping import SkipError, broken_batch
from tests.unit.agents.broker.fetches import CRC_AT, LAST_OFFSET_AT, PLACE, batch, with_codec


def damaged(base: int = 4, count: int = 3) -> bytearray:
    """A batch whose checksum is wrong."""
    data = batch(base, count)
    data[CRC_AT] ^= 0xFF
    return data


@pytest.mark.parametrize("offset", [4, 5], ids=["its first offset", "from the middle"])
def test_the_batch_is_taken_whole_and_reading_goes_on_behind_it(offset: int) -> None:
    """Every byte of it, and none of the next one, which can be read."""
    found = broken_batch(PLACE, offset, bytes(damaged() + batch(7, 2)), 9)
    assert (found.data, found.next_offset) == (bytes(damaged()), 7)
    assert (found.problem.offset, "checksum" in found.problem.reason) == (offset, True)


@pytest.mark.parametrize("delta", [-9, 900], ids=["before itself", "beyond the next"])
@pytest.mark.parametrize(("behind", "end"), [(batch(7, 2), 9), (b"", 7)], ids=["a next batch", "the end of the log"])
def test_what_a_broken_batch_says_of_itself_is_not_believed(delta: int, behind: bytes, end: int) -> None:
    """Its last offset may be what is damaged: reading goes on at the next batch, or at the end of the log."""
    data = damaged()
    data[LAST_OFFSET_AT : LAST_OFFSET_AT + 4] = struct.pack(">i", delta)
    assert broken_batch(PLACE, 4, bytes(data + behind), end).next_offset == 7


def test_a_codec_that_is_not_known_is_no_reason_to_lose_the_bytes() -> None:
    """They are kept as they came, with the codec's number."""
    found = broken_batch(PLACE, 4, bytes(with_codec(batch(4, 3), 5)), 7)
    assert (found.next_offset, "codec" in found.problem.reason) == (7, True)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (batch(4, 3), "can be read: nothing is stepped over"),
        (b"", "its log ends at 4"),
        (damaged(9), "has nothing at 4: workers go on at 9"),
    ],
    ids=["good", "nothing", "further on"],
)
def test_nothing_else_is_stepped_over(data: bytes, words: str) -> None:
    """A batch that can be read, the end of the log, and another offset than the one that was named."""
    with pytest.raises(SkipError, match=words):
        broken_batch(PLACE, 4, bytes(data), 4)
