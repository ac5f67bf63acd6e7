"""The worker's producer: idempotent where the broker can, a clear word where it cannot, no waiting for ever."""

import asyncio
import logging

import pytest
from aiokafka import AIOKafkaConsumer

from agents.broker.producers import start_producer
from agents.broker.record_collector import RecordCollector
from agents.connection.kafka import KafkaConnection
from tests.brokers import Broker, BrokerKind, chosen, make_broker

TOPIC = "producers.test"

pytestmark = pytest.mark.broker


async def deliver(box: RecordCollector, count: int, value: bytes) -> None:
    """Send some records and wait until they are confirmed."""
    for number in range(count):
        box.add(TOPIC, 0, b"%d" % number, value)
    await box.deliver()


async def keys(broker: Broker, count: int) -> set[bytes]:
    """Read so many records from the beginning, and return their keys."""
    consumer = AIOKafkaConsumer(TOPIC, bootstrap_servers=broker.bootstrap.split(","), auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return {(await consumer.getone()).key for _ in range(count)}
    finally:
        await consumer.stop()


def test_it_is_idempotent_where_the_broker_gives_producer_ids(broker: Broker, caplog: pytest.LogCaptureFixture) -> None:
    """Apache Kafka: idempotent. The embedded broker: a warning that names the reason, and records pass all the same."""

    async def scenario() -> bool:
        producer = await start_producer(KafkaConnection(address=broker.bootstrap))
        try:
            await producer.send_and_wait(TOPIC, b"x", partition=0)
            return producer._txn_manager is not None and producer._txn_manager.has_pid()
        finally:
            await producer.stop()

    with caplog.at_level(logging.INFO, logger="campaign_pulse"):
        idempotent = asyncio.run(scenario())
    assert idempotent is (chosen() is not BrokerKind.EMBEDDED)
    (line,) = [record for record in caplog.records if record.name == "campaign_pulse"]
    if idempotent:
        assert (line.levelname, line.message) == ("INFO", "producer: acks=all, idempotent")
    else:
        assert line.levelname == "WARNING"
        assert "refuses InitProducerId (UNKNOWN_SERVER_ERROR)" in line.message


def test_a_broker_that_hangs_ends_the_delivery_and_the_producer() -> None:
    """An idempotent producer retries for ever: the delivery raises in time, and stopping does not wait either."""

    async def scenario(broker: Broker) -> None:
        connection = KafkaConnection(address=broker.bootstrap)
        box = RecordCollector(connection, {TOPIC: 1}, delivery_seconds=2.0, stop_seconds=0.5)
        await box.on_start()
        try:
            await deliver(box, 3, b"before")
            broker.pause()
            with pytest.raises(TimeoutError):
                await deliver(box, 3, b"during")
        finally:
            await box.on_stop()
            broker.resume()

    with make_broker() as broker:
        asyncio.run(scenario(broker))


def test_what_was_begun_is_confirmed_with_the_next_delivery() -> None:
    """Large records leave at once, in their order, and are asked for as they leave; what is given up does not come."""

    async def scenario(broker: Broker) -> None:
        box = RecordCollector(KafkaConnection(address=broker.bootstrap), {TOPIC: 1})
        await box.on_start()
        try:
            box.begin(TOPIC, 0, ((b"%d" % number, bytes(700_000)) for number in range(3)))
            begun = await box.deliver()
            assert [each.first_offset for each in begun] == [0, 1, 2]
            box.begin(TOPIC, 0, iter([(b"given up", b"")]))
            box.discard()
            assert await box.deliver() == []
            box.begin(TOPIC, 0, [(b"begun", b"")])
            box.add(TOPIC, 0, b"collected", b"")
            assert sum(each.records for each in await box.deliver()) == 2
        finally:
            await box.on_stop()
        assert await keys(broker, 5) == {b"0", b"1", b"2", b"begun", b"collected"}

    with make_broker() as broker:
        asyncio.run(scenario(broker))
