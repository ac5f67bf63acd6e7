"""A worker's alerts on a Kafka of dictionaries, killed between any two records of a flush."""

import asyncio
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np

from agents.broker.record_collector import Delivery
from agents.broker.set_aside import SetAside
from agents.stages.alerts import AlertWorker
from agents.state.fence import Fence
from agents.state.stores import MemoryStore
from agents.state.table import StateTable
from models.alerts import AlertTransition
from models.topics import ALERTS
from streams.alerts.window_records import COUNTS, CampaignWindow, make_window
from streams.events.registry import Registry
from streams.replay import ReplayedWindow, replayed
from tests.properties.crashes import Killed
from tests.properties.flushing_worker import CHANGELOG, Member, fill
from tests.unit.events import NOON_MS

SOURCES = 2
CALM, TROUBLE, AFTER = 26, 7, 14
WAIT_MS = 30_000
Identity = tuple[str, str, int]
_decode = msgspec.json.Decoder(AlertTransition).decode


@cache
def window_log(seed: int) -> tuple[ReplayedWindow, ...]:
    """Return what two partitions report of two campaigns: calm, trouble of one kind each, calm again.

    Now and then a partition is late by minutes, or reports its last minutes again.
    """
    random = np.random.default_rng(seed)
    first = NOON_MS // 60_000
    sent: list[tuple[int, CampaignWindow]] = []
    troubles = {(c, p): random.integers(0, 5) for c in range(2) for p in range(SOURCES)}
    for minute in range(CALM + TROUBLE + AFTER):
        for campaign in range(2):
            for partition in range(SOURCES):
                trouble = troubles[campaign, partition] if CALM <= minute < CALM + TROUBLE else 0
                counts = np.stack([_counts(random, trouble), _counts(random, 0)])
                window = make_window(
                    f"c{campaign}", partition, first + minute, [f"i{partition}", f"j{partition}"], counts, {}
                )
                late = int(random.integers(1, 4)) * 60_000 if random.random() < 0.05 else 0
                at_ms = NOON_MS + (minute + 1) * 60_000 + 8_000 + 500 * partition + late
                sent.append((at_ms, window))
                if random.random() < 0.03:
                    sent.append((at_ms + 90_000, window))
    ordered = sorted(sent, key=lambda each: each[0])
    return tuple(replayed(window, offset, at_ms) for offset, (at_ms, window) in enumerate(ordered))


def _counts(random: Any, trouble: int) -> Any:
    engagements = int(random.poisson({1: 600, 2: 0, 3: 3}.get(trouble, 60)))
    negative = engagements * (6 if trouble == 4 else 1) // 10
    clicks = int(random.poisson(30))
    values = {
        "engagements": engagements,
        "comments": engagements,
        "negative": negative,
        "neutral": engagements - negative,
        "clicks": clicks,
        "purchases": clicks // 5,
    }
    return np.array([values.get(name, 0) for name in COUNTS], dtype=np.int64)


class Kafka:
    """What outlives a worker."""

    def __init__(self, log: tuple[ReplayedWindow, ...]) -> None:
        self.log = log
        self.changelog: dict[bytes, bytes] = {}
        self.committed = 0
        self.told: list[AlertTransition] = []
        self.entries: dict[tuple[str, int, int], Identity] = {}
        """History entries in Redis: their id, and what they say."""

    def deliver(self, topic: str, key: bytes, value: bytes | None) -> None:
        """Take one record."""
        if topic == ALERTS:
            assert value is not None
            self.told.append(_decode(value))
        elif value is None:
            self.changelog.pop(key, None)
        else:
            self.changelog[key] = value


class RecordCollector:
    """Delivers; of the delivery in which the worker dies, what survives."""

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._pending: list[tuple[str, bytes, bytes | None]] = []
        self.deaths: tuple[int, Callable[[int], bool]] | None = None
        """In which of the next deliveries to die, and which of its records survive."""

    def add(self, topic: str, partition: int, key: bytes, value: bytes | None, headers: Any = None) -> None:
        """Collect one record."""
        self._pending.append((topic, key, value))

    def largest_bytes(self, topic: str) -> int:
        """Return how large a record may be."""
        return 8 * 1024 * 1024

    def add_keyed(self, topic: str, partition_key: str, key: bytes, value: bytes | None) -> None:
        """Collect one record."""
        self._pending.append((topic, key, value))

    async def deliver(self) -> list[Delivery]:
        """Deliver, or die with some of it delivered."""
        pending, self._pending = self._pending, []
        dying = None
        if self.deaths is not None and pending:
            left, survives = self.deaths
            self.deaths = (left - 1, survives)
            dying = survives if left == 0 else None
        for index, record in enumerate(pending):
            if dying is None or dying(index):
                self._kafka.deliver(*record)
        if dying is not None:
            raise Killed
        return []


class Life:
    """From an assignment to the death of the process."""

    def __init__(self, kafka: Kafka, slice_bytes: int) -> None:
        self.kafka = kafka
        self.confirmed = self.position = kafka.committed
        self._store = fill(MemoryStore(), kafka.changelog)
        self._collector = RecordCollector(kafka)
        redis = SimpleNamespace(alerts=SimpleNamespace(put=self._show))
        table = StateTable(self._store)
        fence = Fence(table, CHANGELOG, self._collector, Member(), lambda partition: None)  # type: ignore[arg-type]
        asyncio.run(fence.take_over([0], 1, {}))
        self.alerts = AlertWorker(
            SimpleNamespace(partitions={}, registry=Registry()),  # type: ignore[arg-type]  # what of a pipeline is used
            table,
            fence,
            self._collector,  # type: ignore[arg-type]  # a stand-in for the one that talks to a broker
            redis,  # type: ignore[arg-type]  # likewise
            self._confirm,
            SetAside(),
            WAIT_MS,
            slice_bytes,
        )
        self.alerts.assign(0, kafka.committed)

    def _confirm(self, _: Any, next_offset: int) -> None:
        self.confirmed = next_offset

    def _show(self, view: Any) -> None:
        for told in view.new:
            place = (view.campaign_id, told.moment_ms, told.number)
            known = self.kafka.entries.setdefault(place, identity(told.transition))
            assert known == identity(told.transition), "one place in the history, two transitions"

    def read(self, count: int) -> None:
        """Take the next windows."""
        batch = self.kafka.log[self.position : self.position + count]
        self.position += len(batch)
        asyncio.run(self.alerts.process(0, batch))

    def flush(self, deaths: tuple[int, Callable[[int], bool]] | None = None) -> None:
        """Flush, to the end or to the worker's.

        Raises:
            Killed: with ``deaths``, unless the flush needed fewer deliveries.
        """
        self._collector.deaths = deaths
        asyncio.run(self.alerts.flush())
        assert dict(self._store.items(0)) == self.kafka.changelog, "the table is not what the changelog holds"

    def drain(self) -> None:
        """Work to the end of the log."""
        while self.position < len(self.kafka.log):
            self.read(50)
            self.flush()
        self.flush()

    def state(self) -> dict[str, bytes]:
        """Return what is remembered of every campaign."""
        [stage] = self.alerts.partitions.values()
        return {campaign_id: campaign.engine.export_state() for campaign_id, campaign in stage.campaigns.items()}


def identity(transition: AlertTransition) -> Identity:
    """Return what a consumer tells repeats by."""
    return transition.alert.alert_id, transition.kind, transition.at_ms


def first_told(kafka: Kafka) -> dict[str, list[Identity]]:
    """Return, by campaign, every transition once, in the order in which a consumer that drops repeats sees them."""
    told: dict[str, dict[Identity, None]] = {}
    for transition in kafka.told:
        told.setdefault(transition.alert.campaign_id, {})[identity(transition)] = None
    return {campaign_id: list(identities) for campaign_id, identities in sorted(told.items())}
