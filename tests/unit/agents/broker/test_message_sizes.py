"""Topics that take small messages: batches and dead letters fit, and what cannot is told by the topic's name."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import MessageSizeTooLargeError
from aiokafka.producer.message_accumulator import BatchBuilder
from msgspec.structs import replace

from agents.broker.record_collector import RecordCollector, TooLargeError
from agents.broker.set_aside import LARGEST_LETTER_BYTES, collect_letter, fitting
from agents.connection.kafka import KafkaConnection
from models.deadletters import DeadLetter
from models.topics import COMMENTS, DEAD_LETTERS, ROLLUPS

LIMIT = 20_000


class StrictBroker:
    """A producer whose broker takes messages up to a size, as they are on the wire."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.sizes: list[int] = []
        self.records = 0

    def create_batch(self) -> BatchBuilder:
        """Return a batch of the client's own size, which is larger than the topic's."""
        return BatchBuilder(512 * 1024, 0, is_transactional=False)

    async def send_batch(self, batch: BatchBuilder, topic: str, partition: int) -> "asyncio.Future[Any]":
        """Take a batch, or refuse it."""
        count = batch.record_count()
        batch.close()
        return self._take(topic, partition, batch._build(), count)

    async def send(self, topic: str, key: bytes, value: bytes, partition: int, headers: Any) -> "asyncio.Future[Any]":
        """Take a single record, or refuse it."""
        batch = self.create_batch()
        batch.append(timestamp=None, key=key, value=value, headers=headers)
        return await self.send_batch(batch, topic, partition)

    def _take(self, topic: str, partition: int, message: Any, count: int) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if len(message) > self.limit:
            future.set_exception(MessageSizeTooLargeError())
        else:
            self.sizes.append(len(message))
            future.set_result(SimpleNamespace(topic=topic, partition=partition, offset=self.records))
            self.records += count
        return future


def deliver(collector: RecordCollector, broker: StrictBroker) -> int:
    """Deliver what was collected; return how many records the broker took."""
    collector._producer = broker
    asyncio.run(collector.deliver())
    return broker.records


@pytest.fixture
def collector() -> RecordCollector:
    """A collector that knows what the broker tells of two topics."""
    made = RecordCollector(KafkaConnection(address="127.0.0.1:1"), {ROLLUPS: 1, DEAD_LETTERS: 1})
    made.limits = {ROLLUPS: LIMIT, DEAD_LETTERS: LIMIT}
    return made


@pytest.mark.parametrize("size", [1, 127, 5_000, LIMIT - 200])
def test_batches_are_no_larger_than_a_topic_takes(collector: RecordCollector, size: int) -> None:
    """A batch that is refused would end the worker, and the next one after its start."""
    for number in range(400):
        collector.add(ROLLUPS, 0, b"k%d" % number, b"v" * size, [("h", b"x" * (number % 7))])
    broker = StrictBroker(LIMIT)
    assert deliver(collector, broker) == 400
    assert max(broker.sizes) <= LIMIT


def test_a_record_that_no_batch_holds_names_its_topic(collector: RecordCollector) -> None:
    """The client's own words, message size too large, say neither which topic nor what to do."""
    collector.add(ROLLUPS, 0, b"k", b"v" * LIMIT)
    with pytest.raises(
        TooLargeError, match=rf"^{ROLLUPS} takes .* max.message.bytes is {LIMIT}, wanted 8388608; .*--app"
    ):
        deliver(collector, StrictBroker(LIMIT))


LETTER = DeadLetter(
    reason="too_large", detail="d", topic=COMMENTS, partition=1, offset=7, key=b"ana", value=b"v" * (LIMIT - 100)
)


@pytest.mark.parametrize(
    "letter",
    [
        LETTER,
        replace(LETTER, original_headers=tuple(("h", b"x") for _ in range(2_000))),
        replace(LETTER, original_headers=(("h", b"x" * 50_000),)),
        replace(LETTER, key=b"k" * (LIMIT - 50), value=b"v"),
        replace(LETTER, key=b"k" * LIMIT, value=None),
        replace(LETTER, detail="d" * 60_000, key=b"k" * 70_000, original_headers=(("h", b"x" * 60_000),)),
    ],
)
def test_a_dead_letter_fits_into_its_topic_whatever_was_refused(collector: RecordCollector, letter: DeadLetter) -> None:
    """Input as large as a topic takes, and the reason in its headers, are more than a topic of the same size takes."""
    collect_letter(collector, letter)
    assert deliver(collector, StrictBroker(LIMIT)) == 1
    cut = fitting(letter, LIMIT)
    assert cut.cut_from_bytes == len(letter.value or b"")
    assert (cut.reason, cut.topic, cut.partition, cut.offset) == ("too_large", COMMENTS, 1, 7)


def test_a_dead_letter_that_fits_stays_as_it_came() -> None:
    """Only what is whole can be sent again."""
    letter = replace(LETTER, original_headers=(("h", b"x"),))
    assert fitting(letter, 8 * 1024 * 1024) is letter
    assert fitting(replace(LETTER, key=b"k" * 70_000), 8 * 1024 * 1024).key == b"k" * 70_000
    large = replace(LETTER, value=b"v" * (LARGEST_LETTER_BYTES + 1))
    assert fitting(large, 8 * 1024 * 1024) == replace(
        large, value=b"v" * LARGEST_LETTER_BYTES, cut_from_bytes=LARGEST_LETTER_BYTES + 1
    )
