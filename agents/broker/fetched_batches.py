"""The record batches of one fetch of one partition: their records, how far reading got, and what stopped it.

The offsets of a log follow each other, and a batch names its first and its last, also where compaction took records out
of it, and where it is the mark at the end of a transaction. So an offset that no batch of a fetch covers is a gap: what
retention removed, a batch that compaction emptied, or one that is not there *yet*. The embedded broker gives offsets
out before the records are in place, and answers a fetch at the end of a log with what comes after them (watched: 51 of
80,000 records of four producers). Who goes on behind such a gap has lost its records for ever, so it is read again for
a while (``Gaps``).
"""

import zlib
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import cramjam
from aiokafka.consumer.fetcher import READ_COMMITTED
from aiokafka.errors import CorruptRecordException, KafkaError
from aiokafka.structs import TopicPartition
from msgspec import Struct

from streams.pipeline.records import Covered

GAP_SECONDS: Final = 2.0
"""How long a gap may take to fill: from when its offsets were seen to be given out until it is taken for empty."""
_FIRST_WAIT_SECONDS: Final = 0.02
_LONGEST_WAIT_SECONDS: Final = 0.4
UNDECODABLE: Final = (
    *(KafkaError, cramjam.DecompressionError, zlib.error, OSError, EOFError),
    *(ValueError, LookupError, ArithmeticError, AssertionError, MemoryError),
)
"""What reading a batch raises, by way of aiokafka and the codecs, when its bytes make no records."""


class Undecodable(Struct, frozen=True):
    """A batch whose records cannot be read: where it begins, and why."""

    offset: int
    reason: str


class UndecodableBatchError(CorruptRecordException):
    """A batch of a topic that must be read whole cannot be decoded; one line, for users."""


class FetchedRecords(list[Any]):
    """The records that one fetch of one partition brought, and how far reading got with it.

    It is true where reading got on, or is held up, even without a record: past marks and aborted transactions.
    """

    __slots__ = ("first_offset", "missing", "next_offset", "problem")

    def __init__(self, first_offset: int, next_offset: int | None = None) -> None:
        super().__init__()
        self.first_offset = first_offset
        """Where reading went on."""
        self.next_offset = first_offset if next_offset is None else next_offset
        """Where it goes on next."""
        self.missing = 0
        """Offsets between the two that no batch covers."""
        self.problem: Undecodable | None = None
        """What is in the way at ``next_offset``."""

    def __bool__(self) -> bool:
        return self.next_offset > self.first_offset or self.problem is not None

    @property
    def covered(self) -> Covered:
        """The offsets that were read."""
        return Covered(self.first_offset, self.next_offset, self.missing)


class Gaps:
    """How long the gaps of one partition have been known.

    The end of the log that an answer names is the end of the offsets given out by then. So one look is enough for all
    gaps before it: a compacted topic is waited for once, and not at each of its gaps.
    """

    def __init__(self) -> None:
        self._end = 0
        self._seen_at = 0.0
        self._wait_seconds = _FIRST_WAIT_SECONDS

    def is_empty(self, gap_end: int, log_end: int, fetched_at: float) -> bool:
        """Return whether a gap may be taken for empty.

        Args:
            gap_end: the first offset behind it.
            log_end: the end of the log by the last answer of the broker.
            fetched_at: when the answer that has the gap came, in seconds of ``monotonic``.
        """
        if gap_end > self._end:
            self._end, self._seen_at = max(gap_end, log_end), monotonic()
            self._wait_seconds = _FIRST_WAIT_SECONDS
            return False
        return fetched_at - self._seen_at >= GAP_SECONDS

    def next_wait_seconds(self) -> float:
        """Return how long to wait before the gap is read again; longer each time."""
        waited = self._wait_seconds
        self._wait_seconds = min(2 * waited, _LONGEST_WAIT_SECONDS)
        return waited


def read_batches(fetched: Any, is_empty: Callable[[int], bool]) -> FetchedRecords:
    """Return the records of ``fetched`` (aiokafka's ``PartitionRecords``) at or after the offset asked for.

    Reading ends before a gap that may still fill, and before a batch that cannot be decoded. Marks of transactions are
    passed over, and where only what is committed is to be read, aborted transactions are too.

    Args:
        fetched: one partition's part of an answer.
        is_empty: called with the end of a gap; returns whether it is certain that nothing will fill it.
    """
    # The iterator that is not used here holds what it is held by. The bytes of a fetch would stay until a collection of
    # garbage, which a worker seldom makes: measured as 290 bytes an event of a backlog, up to hundreds of megabytes.
    fetched._records_iterator = None
    wanted = expected = fetched.next_fetch_offset
    found = FetchedRecords(wanted)
    batches, check_crcs = fetched._records, fetched._check_crcs
    has_aborted = fetched._isolation_level == READ_COMMITTED and bool(fetched._aborted_transactions)
    try:
        while batches.has_next():
            batch = batches.next_batch()
            begins = expected if batch.producer_id is None else batch.base_offset  # formats before 2 do not say
            if begins > expected:
                if not is_empty(begins):
                    break
                found.missing += begins - expected
                expected = found.next_offset = begins
            if check_crcs and not batch.validate_crc():
                raise CorruptRecordException("its checksum is wrong")
            if not (has_aborted and _is_aborted(fetched, batch)) and not batch.is_control_batch:
                records = list(batch)
                if records and records[0].offset < wanted:  # a fetch from the middle of a batch brings the whole batch
                    records = [record for record in records if record.offset >= wanted]
                found += records
            expected = found.next_offset = batch.next_offset
    except UNDECODABLE as error:
        found.problem = Undecodable(expected, _reason(error))
    return found


def _is_aborted(fetched: Any, batch: Any) -> bool:
    """Return whether a batch belongs to a transaction that was taken back; aiokafka's own way to tell."""
    if batch.producer_id is None:
        return False
    fetched._consume_aborted_up_to(batch.base_offset)
    if batch.is_control_batch and fetched._contains_abort_marker(batch):
        fetched._aborted_producers.discard(batch.producer_id)
    return batch.is_transactional and batch.producer_id in fetched._aborted_producers


def _reason(error: BaseException) -> str:
    text = str(error.args[0]) if isinstance(error, KafkaError) and error.args else str(error)
    return f"{type(error).__name__}: {' '.join(text.split())}".removesuffix(": ")


def undecodable(tp: TopicPartition, problem: Undecodable) -> str:
    """Return the words for a batch that cannot be decoded: topic, partition, offset, reason."""
    return f"{tp.topic}/{tp.partition}: the batch at offset {problem.offset} cannot be decoded: {problem.reason}"
