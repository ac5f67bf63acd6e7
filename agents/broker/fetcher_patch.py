"""What aiokafka fetched, handed over without a Python object for each layer that a record passes.

aiokafka parses a record batch in Cython and then wraps each record twice: a generator that checks it, and a frozen
dataclass of eleven fields. For the batched topics a whole fetch is taken as the list of the Cython records; for all
others the dataclass is replaced by a struct of the same fields. Measured with 290-byte events, CRC check included:
0.58 µs a record with the struct, 0.20 µs as whole fetches (1.5 µs with aiokafka's own dataclass); a worker spends about
6 µs on an event.

What aiokafka does at a gap (go on behind it) and at a batch that cannot be decoded (raise, and stop every partition) is
replaced as well, for every topic: see ``agents.broker.fetched_batches``.
"""

import asyncio
from time import monotonic
from typing import Any, ClassVar, Final

from aiokafka.consumer import consumer as consumer_module
from aiokafka.consumer import fetcher
from aiokafka.structs import ConsumerRecord, TopicPartition
from msgspec import Struct

from agents.broker.fetched_batches import Gaps, UndecodableBatchError, read_batches, undecodable
from agents.broker.gathering import Gathering

RETRY_SECONDS: Final = 5.0
"""A batch that cannot be decoded is fetched again after that long: its broker may have been mended."""
LONGEST_WAIT_MS: Final = 1500


class LightRecord(Struct, frozen=True, gc=False):
    """What aiokafka's ``ConsumerRecord`` holds, made in a fifth of the time."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    checksum: int | None
    serialized_key_size: int
    serialized_value_size: int
    headers: tuple[tuple[str, bytes], ...]


class WholeFetch(fetcher.FetchResult):
    """One partition's part of a fetch; of ``whole_topics`` it is handed over as a list of parsed records."""

    whole_topics: ClassVar[frozenset[str]] = frozenset()
    rereads_total: ClassVar[int] = 0
    """How often this process has read a gap again."""
    _partition_records: Any
    _held_until = 0.0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.gaps = Gaps()
        """What is known of the partition's gaps; ``PatientFetcher`` keeps it from fetch to fetch."""

    def has_more(self) -> bool:
        """Return whether this is to be asked again before more is fetched."""
        return self._partition_records is not None or monotonic() < self._held_until

    def calculate_backoff(self) -> float:
        """Return how long other partitions wait for this one to be taken: not while it waits itself."""
        backoff: float = 0 if self._held_until else super().calculate_backoff()
        return backoff

    def getall(self, max_records: int | None = None) -> list[Any]:
        """Return all records that are left, as aiokafka's own does; with a limit it is aiokafka's own.

        A gap that may still fill is not passed: reading goes on in front of it, a little later. The same holds for a
        batch of ``whole_topics`` that cannot be decoded; what was returned then names it.

        Raises:
            UndecodableBatchError: a batch of another topic cannot be decoded. Nothing was consumed; it will be fetched
                again.
        """
        tp, fetched = self._topic_partition, self._partition_records
        if fetched is None:
            return []  # it waits, or is asked again after an error
        if max_records is not None:
            records: list[Any] = super().getall(max_records)
            return records
        if not self.check_assignment(tp):
            return []
        self._partition_records = None  # also when a batch is corrupt: what follows it must not be read first
        state = self._assignment.state_value(tp)
        gaps = self.gaps
        found = read_batches(fetched, lambda end: gaps.is_empty(end, state.highwater or 0, self._created))
        if found.next_offset > found.first_offset:
            state.consumed_to(found.next_offset)
            found.problem = None  # which is met again, and in front
        elif found.problem is None:
            WholeFetch.rereads_total += 1
            self._held_until = monotonic() + gaps.next_wait_seconds()
        elif tp.topic in self.whole_topics:
            self._held_until = monotonic() + RETRY_SECONDS
        else:
            raise UndecodableBatchError(undecodable(tp, found.problem))
        return found if tp.topic in self.whole_topics else [fetched._consumer_record(tp, each) for each in found]


class PatientFetcher(fetcher.Fetcher):
    """A fetcher that gives the broker more time where it answers with nothing although there is something.

    It also keeps what is known of gaps, over rebalances: a compacted log is waited for once in a consumer's life; and
    it asks a moment later where many partitions have a little each (``agents.broker.gathering``).

    The embedded broker looks through all batches of a partition, from the oldest on, for each fetch, and stops when the
    request's time is over: its answer then has the right end of the log and no records. So the time doubles with each
    such answer, and is what was asked for at first once there was nothing more to be read. (After each answer with
    records it would be too short again: of 155 fetches that read 20,000 batches 101 brought nothing, and 3 of 22 now.)
    """

    _first_wait_ms: int | None = None
    _fetch_max_wait_ms: int

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._gaps: dict[TopicPartition, Gaps] = {}
        self._gathering = Gathering()
        super().__init__(*args, **kwargs)

    async def close(self) -> None:
        """Stop fetching, whatever is under way: what its tasks end with is of no interest any more.

        aiokafka's own cancels them and awaits each. One that waits to try again, because its connection has just ended,
        lets the cancellation through: it ended the consumer's thread as if that had been cancelled, nobody was told
        that the thread is down, and a worker that had flushed, committed and left its group waited for it in vain.
        """
        self._fetch_task.cancel()
        await asyncio.gather(self._fetch_task, return_exceptions=True)  # first: it begins the others
        for task in self._pending_tasks:
            task.cancel()
        await asyncio.gather(*self._pending_tasks, return_exceptions=True)
        self._pending_tasks.clear()
        await super().close()

    async def _proc_fetch_request(self, assignment: Any, node_id: Any, request: Any) -> Any:
        pause_seconds = self._gathering.pause_seconds(node_id, monotonic())
        if pause_seconds:
            await asyncio.sleep(pause_seconds)
        asked_at = monotonic()
        has_news = await super()._proc_fetch_request(assignment, node_id, request)
        if self._first_wait_ms is None:
            self._first_wait_ms = self._fetch_max_wait_ms
        if assignment.active:
            # Nothing has run since what came was put there.
            for tp, result in self._records.items():
                if isinstance(result, WholeFetch):
                    result.gaps = self._gaps.setdefault(tp, result.gaps)
            left, is_starved = self._look(assignment, request)
            self._gathering.note(node_id, asked_at, len(left), sum(left))
            if is_starved:
                self._fetch_max_wait_ms = max(self._first_wait_ms, min(2 * self._fetch_max_wait_ms, LONGEST_WAIT_MS))
            elif not left:
                self._fetch_max_wait_ms = self._first_wait_ms
        return has_news

    def _look(self, assignment: Any, request: Any) -> tuple[list[int], bool]:
        """Return how many records each partition had that had any, and whether nothing came of some of them."""
        is_committed = self._isolation_level == fetcher.READ_COMMITTED
        left: list[int] = []
        is_starved = False
        for topic, partitions in request.topics:
            for partition, offset, _ in partitions:
                tp = TopicPartition(topic, partition)
                state = assignment.state_value(tp)
                end = log_end(state.highwater, state.lso if is_committed else None)
                if end is not None and end > offset:
                    left.append(end - offset)
                    is_starved = is_starved or (tp not in self._records and state.has_valid_position)
        return left, is_starved


def log_end(highwater: int | None, last_stable_offset: int | None) -> int | None:
    """Return the first offset that cannot be read yet: where the first open transaction begins, or the log ends."""
    if highwater is None or last_stable_offset is None or last_stable_offset < 0:  # which a broker may not know
        return highwater
    return min(highwater, last_stable_offset)


def patch_fetcher() -> bool:
    """Have every consumer that this process makes from now on read as described here.

    Returns:
        False, with nothing changed, when this aiokafka is made otherwise than what is replaced.
    """
    fields = getattr(ConsumerRecord, "__dataclass_fields__", {})
    if tuple(fields) != LightRecord.__struct_fields__ or not hasattr(fetcher, "ConsumerRecord"):
        return False
    fetcher.ConsumerRecord = LightRecord
    fetcher.FetchResult = WholeFetch
    consumer_module.Fetcher = PatientFetcher
    return True
