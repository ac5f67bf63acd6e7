"""Events for the benchmarks, and the fastest way into the broker: whole record batches, made beforehand."""

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, get_args

import msgspec
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder

from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from agents.stages.definitions import read_definitions
from bench.stack import PARTITIONS
from models.campaigns import CampaignDefinition
from models.topics import COMMENTS
from streams.events.partitioning import partition_of

GIVEAWAY: Final = Path(__file__).parents[1] / "examples" / "giveaway.yaml"
_BATCH_BYTES: Final = 512 * 1024
Codec = Literal["none", "gzip", "snappy", "lz4", "zstd"]
CODECS: Final[tuple[Codec, ...]] = get_args(Codec)
"""The codecs of Kafka, each at the place of its number on the wire."""
_IN_FLIGHT: Final = 16


class Event(NamedTuple):
    """One event to send; to the partition of its key unless another is named."""

    topic: str
    key: bytes
    value: bytes
    due_ms: int
    partition: int | None = None
    misplaced: bool = False
    """Whether to send it to a partition that is not its key's."""


def giveaway() -> list[CampaignDefinition]:
    """Return the definition of the example: forty influencers."""
    return read_definitions(GIVEAWAY)


def simulated(events: int, start_ms: int, duration_seconds: float, seed: int = 7) -> list[Event]:
    """Return simulated events in the order of their delivery: 70 % comments, 20 % post events, 10 % conversions.

    Delivery is out of order by up to ten minutes, as the simulator has it, and otherwise faultless: every event
    counts, so that what was counted can be checked. Redeliveries, corrupt and misplaced events are in the tests.
    """
    disorder = min(600.0, duration_seconds / 4)
    plan = SimulationPlan(
        events=events,
        duration_seconds=duration_seconds,
        start_ms=start_ms,
        seed=seed,
        shape="steady",
        faults=msgspec.structs.replace(FaultRates.none(), disorder_seconds=disorder),
    )
    records = Simulation(giveaway(), plan).records()
    return [Event(record.topic, record.key or b"", record.value, record.due_ms) for record in records]


def one_of_each_text(events: Iterable[Event]) -> list[Event]:
    """Return one comment for every distinct text, under ids of its own: what warms the sentiment cache."""
    warm: dict[str, Event] = {}
    for event in events:
        if event.topic != COMMENTS:
            continue
        fields: dict[str, Any] = msgspec.json.decode(event.value)
        text = fields.get("text")
        if text is not None and text not in warm:
            fields["event_id"] = fields["comment_id"] = f"warm-{len(warm)}"
            warm[text] = event._replace(value=msgspec.json.encode(fields))
    return list(warm.values())


def batch_producer(bootstrap: str, *, idempotent: bool = False) -> AIOKafkaProducer:
    """Return a producer for whole batches, not yet started; on the running loop."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap.split(","),
        acks="all",
        enable_idempotence=idempotent,
        max_batch_size=_BATCH_BYTES,
        max_request_size=16 * _BATCH_BYTES,
    )


class Batches:
    """Record batches by topic-partition, ready to be sent."""

    def __init__(
        self,
        events: Sequence[Event],
        partitions: int = PARTITIONS,
        batch_bytes: int = _BATCH_BYTES,
        codec: Codec = "none",
    ) -> None:
        packing = CODECS.index(codec)
        self.events = len(events)
        self._ready: list[tuple[str, int, BatchBuilder]] = []
        places: dict[bytes, int] = {}
        filling: dict[tuple[str, int], BatchBuilder] = {}
        for event in events:
            partition = places.get(event.key) if event.partition is None else event.partition
            if partition is None:
                partition = places[event.key] = partition_of(event.key.decode(), partitions)
            place = (event.topic, (partition + event.misplaced) % partitions)
            batch = filling.get(place)
            if batch is None or batch.append(timestamp=None, key=event.key, value=event.value) is None:
                if batch is not None:
                    self._ready.append((*place, batch))
                batch = filling[place] = BatchBuilder(batch_bytes, packing)
                batch.append(timestamp=None, key=event.key, value=event.value)
        self._ready += [(*place, batch) for place, batch in filling.items()]

    async def send_through(self, producer: AIOKafkaProducer) -> None:
        """Send everything through a producer that is started, and wait until it is confirmed."""
        ready, self._ready = self._ready, []
        waiting: list[asyncio.Future[Any]] = []
        for topic, partition, batch in ready:
            waiting.append(await producer.send_batch(batch, topic, partition=partition))
            if len(waiting) >= _IN_FLIGHT:
                await asyncio.gather(*waiting)
                waiting = []
        await asyncio.gather(*waiting)

    async def _send(self, bootstrap: str) -> None:
        producer = batch_producer(bootstrap)
        await producer.start()
        try:
            await self.send_through(producer)
        finally:
            await producer.stop()

    def send(self, bootstrap: str) -> None:
        """Send everything and wait until it is confirmed."""
        asyncio.run(self._send(bootstrap))
