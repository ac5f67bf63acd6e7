"""The handlers of Faust's agents: batches are applied, and flushed when it is time."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Final

from faust.types import TP
from prometheus_client import CollectorRegistry, Histogram

from agents.broker.inputs import Inputs
from agents.broker.membership import FencedOut
from agents.broker.set_aside import SetAside
from agents.clock import Clock
from agents.stages.alerts import AlertWorker
from agents.worker.clock_watch import ClockWatch
from agents.worker.flush import Flusher
from agents.worker.tick_clock import TickClock
from models.topics import INFLUENCER_SNAPSHOTS
from streams.columns.formats import NewerRecord, PoisonedRecord
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaign_minutes import MinutesPart, is_part, read_part
from streams.statistics.campaigns import CampaignBoard
from streams.statistics.snapshots import InfluencerSnapshot, read_snapshot

log: Final = logging.getLogger("campaign_pulse")
_LATENCY_BUCKETS: Final = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)
WAITING_BYTES: Final = 32 * 1024 * 1024
"""Dead letters, forwards and facts of giveaways that may wait for a flush before the topics wait for it too."""


class Handlers:
    """Handles the batches of a worker's agents.

    Args:
        pipeline: the first stage.
        board: the campaigns.
        alerts: the alerts.
        flusher: flushes when it is time.
        inputs: whether a batch is current, and where topics end.
        clock: now, in epoch milliseconds.
        clock_watch: compares it with the records' times.
        set_aside: takes the snapshots that are none.
        on_fenced_out: called when the group has gone on without this worker.
        crash: ends the worker for a reason.
        registry: where the latency is registered.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        board: CampaignBoard,
        alerts: AlertWorker,
        flusher: Flusher,
        inputs: Inputs,
        clock: Clock,
        clock_watch: ClockWatch,
        set_aside: SetAside,
        on_fenced_out: Callable[[FencedOut], None],
        crash: Callable[[BaseException], Awaitable[None]],
        registry: CollectorRegistry,
    ) -> None:
        self._pipeline = pipeline
        self._board = board
        self._alerts = alerts
        self._flusher = flusher
        self._inputs = inputs
        self._clock = clock
        self._clock_watch = clock_watch
        self._tick_clock = TickClock(clock)
        self._set_aside = set_aside
        self._on_fenced_out = on_fenced_out
        self._crash = crash
        self._latency = Histogram(
            "campaign_pulse_event_to_publish_seconds",
            "From the Kafka timestamp of the oldest record of a flush to the end of that flush.",
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self._oldest_record_ms: int | None = None

    async def on_events(self, topic: str, event: Any) -> None:
        """Apply one batch, or a tick when it is empty, and flush when it is time."""
        partition, records = event.message.partition, event.value
        try:
            if partition in self._pipeline.partitions and self._inputs.is_current(event.message):
                if len(records):
                    self._clock_watch.on_records(topic, partition, records)
                    self._tick_clock.on_record(records[-1].timestamp)
                    self._pipeline.apply(topic, partition, records, self._clock(), records.covered)
                    await self._flusher.send_ahead(partition)
                    if self._oldest_record_ms is None:
                        self._oldest_record_ms = records[0].timestamp
                else:
                    self._pipeline.move_on(topic, partition, records.covered)
                    self._take_tick(topic, partition)
            while self._pipeline.waiting_bytes() > WAITING_BYTES:
                # While a slow flush is under way the other topics go on; what is refused then must not pile up.
                await self._flusher.flush()
            await self._flush_if_due()
        except FencedOut as reason:
            self._on_fenced_out(reason)
        except Exception as error:
            # Faust would acknowledge and go on; the state may be half-way through a batch. The process ends with the
            # reason instead, and the supervisor starts it again from the last flush.
            log.critical("worker ends: %s in %s/%s", type(error).__name__, topic, partition, exc_info=True)
            await self._crash(error)
            raise

    async def flush_early(self) -> bool:
        """Flush if that is due, between the batches; return whether it was."""
        try:
            return await self._flush_if_due()
        except FencedOut as reason:
            self._on_fenced_out(reason)
        except Exception as error:
            log.critical("worker ends: %s in a flush", type(error).__name__, exc_info=True)
            await self._crash(error)
            raise
        return False

    async def _flush_if_due(self) -> bool:
        oldest_ms = self._oldest_record_ms
        if not self._pipeline.partitions or not await self._flusher.flush_if_due():
            return False
        if oldest_ms is not None:
            self._latency.observe(max(0, self._clock() - oldest_ms) / 1000)
            self._oldest_record_ms = None
        return True

    def _take_tick(self, topic: str, partition: int) -> None:
        """Note that a topic is quiet, and when it has been read to its end: alerts wait for the slowest topic.

        It is not quiet while it has more to be read: there are brokers that answer with nothing when they are slow, and
        batches that cannot be read. Stream time must not run ahead of what waits there.
        """
        tp, position = TP(topic, partition), self._pipeline.position(topic, partition)
        if self._inputs.end(tp) > position:
            return
        age_ms = self._inputs.end_age_ms(tp, position)
        if age_ms is not None:
            self._pipeline.read_to_end(topic, partition, self._tick_clock.now_ms() - age_ms)
            self._clock_watch.on_end(topic, partition, position, self._clock() - age_ms)
        self._pipeline.tick(topic, partition, self._tick_clock.now_ms())

    async def on_windows(self, event: Any) -> None:
        """Take closed minutes into the alerts."""
        try:
            if self._inputs.is_current(event.message):
                await self._alerts.process(event.message.partition, event.value)
        except Exception as error:
            log.critical("worker ends: %s in alerts", type(error).__name__, exc_info=True)
            await self._crash(error)
            raise

    async def on_snapshots(self, event: Any) -> None:
        """Take influencer snapshots and parts of minutes into the campaign board.

        One of a newer version ends the worker, a stranger's not.

        Not what was fetched before the last seek: its campaign may be another worker's by now. Ours is read again.
        """
        if not self._inputs.is_current(event.message):
            return
        for record in event.value:
            if record.value is None:
                continue
            try:
                read: InfluencerSnapshot | MinutesPart
                read = (read_part if is_part(record.key) else read_snapshot)(record.key, record.value)
            except PoisonedRecord as error:
                self._set_aside.take(INFLUENCER_SNAPSHOTS, event.message.partition, record, error)
                continue
            except NewerRecord as error:
                place = f"{INFLUENCER_SNAPSHOTS}/{event.message.partition}@{record.offset}"
                log.critical("worker ends: record %r at %s: %s", record.key, place, error)
                await self._crash(error)
                raise
            if read.campaign_id in self._pipeline.registry.purged:
                continue
            if isinstance(read, MinutesPart):
                self._board.minutes.put(read, record.offset)
            else:
                self._board.put(read, record.offset)
        self._flusher.note()
