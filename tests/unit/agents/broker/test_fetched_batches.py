"""The batches of a fetch: the records and the next offset that aiokafka gives, and what stands in the way."""

from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.consumer.fetcher import READ_COMMITTED, READ_UNCOMMITTED

from agents.broker import fetched_batches
from agents.broker.fetched_batches import GAP_SECONDS, FetchedRecords, Gaps, read_batches
from tests.unit.agents.broker.fetches import CRC_AT, batch, compacted, fetched, mark, plain, with_codec


def never(_: int) -> bool:
    """No gap is empty yet."""
    return False


def always(_: int) -> bool:
    """Every gap is empty."""
    return True


def offsets(found: FetchedRecords) -> list[int]:
    """The offsets of the records."""
    return [record.offset for record in found]


# ------------------------------------------------------------------ what aiokafka would give


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (batch(0, 10), 0),
        (batch(100, 10) + batch(110, 5), 104),
        (batch(100, 10, compression=1) + batch(115, 5), 103),
        (batch(0, 3, producer_id=9) + mark(3) + batch(4, 2), 0),
        (batch(0, 3, producer_id=9) + mark(3), 0),
        (compacted(0, 3, 9) + batch(10, 2), 0),
        (b"", 7),
    ],
    ids=["one batch", "from the middle", "compressed, a gap", "a mark", "ends in one", "compacted", "nothing"],
)
@pytest.mark.parametrize("isolation", [READ_COMMITTED, READ_UNCOMMITTED])
def test_the_same_records_and_the_same_next_offset(data: bytes, wanted: int, isolation: int) -> None:
    """What aiokafka's own iterator yields, and where it goes on, is what a whole fetch brings."""
    theirs = fetched(data, wanted, isolation=isolation)
    expected = plain(theirs)
    found = read_batches(fetched(data, wanted, isolation=isolation), always)
    assert plain(found) == expected
    assert found.next_offset == theirs.next_fetch_offset
    assert (found.first_offset, found.problem) == (wanted, None)


@pytest.mark.parametrize("isolation", [READ_COMMITTED, READ_UNCOMMITTED])
def test_transactions_between_each_other(isolation: int) -> None:
    """Of two transactions and a plain producer, only the one that was taken back is left out, by its producer's id."""
    data = (
        *(batch(0, 2, producer_id=7), batch(2, 2), batch(4, 2, producer_id=8), batch(6, 1, producer_id=7)),
        *(mark(7, 7, is_abort=True), mark(8, 8), batch(9, 2, producer_id=7), mark(11, 7)),
    )
    made = b"".join(bytes(each) for each in data)
    theirs = fetched(made, 0, isolation=isolation, aborted=[(7, 0)])
    found = read_batches(fetched(made, 0, isolation=isolation, aborted=[(7, 0)]), never)
    taken_back = [] if isolation == READ_COMMITTED else [0, 1, 6]
    assert sorted([*taken_back, 2, 3, 4, 5, 9, 10]) == offsets(found)
    assert plain(found) == plain(theirs)
    assert (found.next_offset, found.missing) == (12, 0)


def test_a_fetch_of_marks_only_gets_on() -> None:
    """An aborted transaction and its mark bring no record, and reading stands behind them."""
    data = batch(5, 3, producer_id=7) + mark(8, 7, is_abort=True)
    found = read_batches(fetched(data, 5, isolation=READ_COMMITTED, aborted=[(7, 5)]), never)
    assert (list(found), found.covered, bool(found)) == ([], (5, 9, 0), True)


# ------------------------------------------------------------------ gaps


@pytest.mark.parametrize(
    ("data", "wanted", "read", "next_offset"),
    [
        (batch(3, 2), 0, [], 0),
        (batch(0, 2) + batch(5, 2), 0, [0, 1], 2),
        (batch(0, 4) + batch(9, 2), 2, [2, 3], 4),
        (batch(0, 2, producer_id=9) + mark(2) + batch(4, 1), 0, [0, 1], 3),
    ],
    ids=["in front", "inside", "behind the middle of a batch", "behind a mark"],
)
def test_reading_ends_before_a_gap_that_may_still_fill(
    data: bytes, wanted: int, read: list[int], next_offset: int
) -> None:
    """Nothing behind offsets that were never seen is handed over before it is certain that they are empty."""
    found = read_batches(fetched(data, wanted), never)
    assert (offsets(found), found.next_offset, found.missing) == (read, next_offset, 0)


def test_gaps_that_are_empty_are_passed_and_counted() -> None:
    """Retention and compaction leave gaps for good; each missing offset is counted once, marks are not."""
    asked: list[int] = []

    def is_empty(end: int) -> bool:
        asked.append(end)
        return True

    data = batch(3, 2) + mark(5) + batch(8, 1)
    found = read_batches(fetched(data, 0), is_empty)
    assert (offsets(found), found.covered, asked) == ([3, 4, 8], (0, 9, 5), [3, 8])


def test_what_a_batch_covers_is_no_gap() -> None:
    """Nobody is asked about offsets that compaction took out of a batch, or that marks and aborted batches have."""
    data = (
        compacted(0, 2, 9)
        + batch(10, 2, producer_id=7)
        + mark(12, 7, is_abort=True)
        + mark(13, 8)
        + compacted(14, 0, 3)
    )
    found = read_batches(fetched(data, 0, isolation=READ_COMMITTED, aborted=[(7, 10)]), never)
    assert (offsets(found), found.covered) == ([0, 1], (0, 18, 0))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time of ``Gaps``, in seconds."""
    monkeypatch.setattr(fetched_batches, "monotonic", lambda: 100.0)
    return lambda seconds: monkeypatch.setattr(fetched_batches, "monotonic", lambda: seconds)


def test_a_gap_is_waited_for_and_no_longer(clock: Any) -> None:
    """It counts as empty in the first answer that came after the wait, and not in one fetched before."""
    gaps = Gaps()
    assert not gaps.is_empty(10, 20, fetched_at=99.9)
    clock(200.0)
    assert not gaps.is_empty(10, 20, fetched_at=100.0 + GAP_SECONDS - 0.1)
    assert gaps.is_empty(10, 20, fetched_at=100.0 + GAP_SECONDS)


def test_one_wait_is_enough_for_a_compacted_log(clock: Any) -> None:
    """All gaps before the end that was named then are as old; one behind it has a wait of its own."""
    gaps = Gaps()
    assert not gaps.is_empty(10, 1_000, fetched_at=100.0)
    clock(103.0)
    assert all(gaps.is_empty(end, 1_005, fetched_at=103.0) for end in range(10, 1_001, 10))
    assert not gaps.is_empty(1_002, 1_005, fetched_at=103.0)
    assert gaps.is_empty(1_004, 1_009, fetched_at=105.0)


def test_the_waits_between_two_looks_grow() -> None:
    """A gap that fills at once costs little, and one that does not is not asked for without a pause."""
    gaps = Gaps()
    waits = [gaps.next_wait_seconds() for _ in range(8)]
    assert waits == [0.02, 0.04, 0.08, 0.16, 0.32, 0.4, 0.4, 0.4]
    assert not gaps.is_empty(5, 5, fetched_at=0.0)
    assert gaps.next_wait_seconds() == 0.02


# ------------------------------------------------------------------ batches that cannot be decoded


def broken_checksum() -> bytearray:
    """A batch of three whose checksum is wrong."""
    data = batch(4, 3)
    data[CRC_AT] ^= 0xFF
    return data


def longer_than_itself() -> bytearray:
    """A batch that says it has more records than its bytes hold."""
    data = batch(4, 3)
    data[60] = 9
    return with_codec(data, 0)


BROKEN = {
    "checksum": (broken_checksum(), "checksum is wrong"),
    "codec": (with_codec(batch(4, 3), 5), "codec"),
    "gzip": (with_codec(batch(4, 3), 1), "BadGzipFile"),
    "snappy": (with_codec(batch(4, 3), 2), "DecompressionError"),
    "lz4": (with_codec(batch(4, 3), 3), "DecompressionError"),
    "zstd": (with_codec(batch(4, 3), 4), "DecompressionError"),
    "records": (longer_than_itself(), "CorruptRecordException"),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_batch_that_cannot_be_decoded_is_named(data: bytearray, reason: str) -> None:
    """What came before it is read, nothing of it and nothing behind it; offset and reason are told."""
    found = read_batches(fetched(batch(0, 4) + data + batch(7, 2), 0), never)
    assert (offsets(found), found.next_offset) == ([0, 1, 2, 3], 4)
    assert found.problem is not None
    assert found.problem.offset == 4
    assert reason in found.problem.reason
    assert "\n" not in found.problem.reason
