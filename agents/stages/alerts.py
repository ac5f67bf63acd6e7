"""Alerts in a worker: closed minutes to Kafka, closed minutes from Kafka, checkpoints, and what is told.

``streams.alerts.closed_windows`` and ``streams.alerts.stage`` compute; here is when, and in which order things become
safe:

1. closed minutes of this worker's partitions go to ``campaign.windows.v1``;
2. checkpoints go to the changelog, in the slices of ``streams.changelog.slices``;
3. transitions that a confirmed checkpoint contains go to ``campaign.alerts.v1``, to Redis and to the log;
4. offsets of ``campaign.windows.v1`` are confirmed as far as checkpoints stand for them.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final

import msgspec
from faust.types import TP

from agents.broker.record_collector import RecordCollector
from agents.broker.set_aside import SetAside
from agents.read_model.alerts import AlertView
from agents.read_model.projection import RedisProjection
from agents.state.fence import Fence
from agents.state.table import StateTable
from models.alerts import AlertTransition
from models.topics import ALERTS, CLOSED_WINDOWS
from streams.alerts.campaign import CampaignAlerts
from streams.alerts.mutes import Mute
from streams.alerts.stage import AlertPartition, WindowRecord
from streams.alerts.window_records import encode_window
from streams.changelog.keys import alerts_key
from streams.changelog.slices import SLICE_BYTES, Cut, SlicedCheckpoints
from streams.columns.formats import NewerRecord, PoisonedRecord
from streams.pipeline.pipeline import Pipeline

log: Final = logging.getLogger("campaign_pulse.alerts")
_BUSY_SECONDS: Final = 0.005
"""Minutes of thousands of influencers come together; after this long something else gets its turn."""
encode_transition = msgspec.json.Encoder().encode


class AlertWorker:
    """The alerts of one worker.

    Args:
        pipeline: the partitions whose minutes are closed.
        table: mirror of the changelog.
        fence: writes to the changelog, while this worker may.
        collector: delivers to Kafka.
        redis: the read model, or None.
        confirm: called with (topic-partition, next offset) of what checkpoints stand for.
        set_aside: takes what are no windows, and no checkpoints.
        wait_ms: see ``streams.alerts.window_merger``.
        slice_bytes: see ``streams.changelog.slices``.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        table: StateTable,
        fence: Fence,
        collector: RecordCollector,
        redis: RedisProjection | None,
        confirm: Callable[[TP, int], None],
        set_aside: SetAside,
        wait_ms: int,
        slice_bytes: int = SLICE_BYTES,
    ) -> None:
        self._pipeline = pipeline
        self._table = table
        self._fence = fence
        self._collector = collector
        self._redis = redis
        self._confirm = confirm
        self._set_aside = set_aside
        self._wait_ms = wait_ms
        self.partitions: dict[int, AlertPartition] = {}
        self._mutes: dict[str, list[Mute]] = {}
        """By campaign, of all campaigns: which are here changes."""
        self._checkpoints = SlicedCheckpoints(slice_bytes)
        self._observed_gone = 0
        self._stale_gone = 0
        self.checkpoints_total = 0

    # ------------------------------------------------------------- partitions

    def assign(self, partition: int, position: int) -> None:
        """Take over a partition of ``campaign.windows.v1``, from the recovered table and the committed offset.

        A campaign whose checkpoint is none begins anew: it is set aside.

        Raises:
            NewerRecord: a checkpoint was written by a newer version.
        """
        stage = AlertPartition(self._pipeline.registry, self._wait_ms, position, self._mutes)
        for campaign_id, slots in self._table.read_alerts(partition).items():
            try:
                data = self._checkpoints.read(campaign_id, slots)
                if data is not None:
                    stage.restore(campaign_id, data)
            except PoisonedRecord as error:
                key = alerts_key(partition, campaign_id)
                self._set_aside.take_stored(self._fence.changelog, partition, key, slots.head, error)
            except NewerRecord as error:
                raise NewerRecord(f"checkpoint of the alerts of {campaign_id!r}: {error}") from None
        self.partitions[partition] = stage
        self.show_all()

    def release(self) -> None:
        """Let go of everything; another worker goes on from the last checkpoints."""
        for stage in self.partitions.values():
            self._observed_gone += stage.observed_total()
            self._stale_gone += stage.stale_total()
        self.partitions.clear()
        self._checkpoints.clear()

    def holds(self, campaign_id: str) -> bool:
        """Return whether a campaign is watched here."""
        return any(campaign_id in stage.campaigns for stage in self.partitions.values())

    def configure(self) -> None:
        """Follow changed definitions."""
        for stage in self.partitions.values():
            stage.configure(self._pipeline.registry)

    def mute(self, campaign_id: str, mutes: Sequence[Mute]) -> None:
        """Put all that is muted of a campaign in force; with the next flush open alerts say so."""
        if self._mutes.get(campaign_id, []) == list(mutes):
            return
        self._mutes[campaign_id] = list(mutes)
        for stage in self.partitions.values():
            stage.mute(campaign_id)

    # ---------------------------------------------------------------- in

    async def process(self, partition: int, records: Sequence[WindowRecord]) -> None:
        """Take the next records of the log, a few milliseconds at a time."""
        stage = self.partitions.get(partition)
        if stage is None:
            return
        until = perf_counter() + _BUSY_SECONDS
        for record in records:
            try:
                stage.apply(record)
            except PoisonedRecord as error:
                self._set_aside.take(CLOSED_WINDOWS, partition, record, error)
            except NewerRecord as error:
                raise NewerRecord(f"{CLOSED_WINDOWS}/{partition}@{record.offset}: {error}") from None
            if perf_counter() >= until:
                await asyncio.sleep(0)
                if self.partitions.get(partition) is not stage:
                    return  # revoked meanwhile; the successor reads it again
                until = perf_counter() + _BUSY_SECONDS

    # --------------------------------------------------------------- out

    async def flush(self) -> None:
        """Send what was closed, save what is due, publish what is safe.

        Raises:
            KafkaError: something could not be delivered; the worker must end and start again.
            FencedOut: the partitions belong to other workers; the state must be dropped.
        """
        await self._send_windows()
        for partition, stage in list(self.partitions.items()):
            await self._save(partition, stage)
            await self._tell(stage)
            covered = stage.covered()
            # What was set aside meanwhile lies before that, and must be safe too.
            if self._set_aside.collect(self._collector):
                await self._collector.deliver()
            self._confirm(TP(CLOSED_WINDOWS, partition), covered)

    async def _send_windows(self) -> None:
        for state in list(self._pipeline.partitions.values()):
            for window in state.closed.take():
                key = window.campaign_id
                self._collector.add_keyed(CLOSED_WINDOWS, key, key.encode(), encode_window(window))
            await asyncio.sleep(0)
        await self._fence.membership.assure()
        await self._collector.deliver()

    async def _save(self, partition: int, stage: AlertPartition) -> None:
        due = [(campaign, campaign.checkpoint(stage.log_time_ms)) for campaign in stage.due()]
        cut = Cut()
        for _, checkpoint in due:
            self._checkpoints.cut(partition, checkpoint.campaign_id, checkpoint.data, cut)
        for campaign_id in stage.forget_idle():
            self._checkpoints.forget(partition, campaign_id, cut)
        for records in cut.groups():
            if records:
                await self._fence.write((partition, key, value) for key, value in records)
        for campaign, checkpoint in due:
            campaign.confirm(checkpoint)
            self.checkpoints_total += 1

    async def _tell(self, stage: AlertPartition) -> None:
        telling = [
            (campaign, tellable)
            for campaign in list(stage.campaigns.values())
            if (tellable := campaign.transitions.publishable())
        ]
        if not telling:
            return
        for _, tellable in telling:
            for told in tellable:
                alert = told.transition.alert
                value = encode_transition(told.transition)
                self._collector.add_keyed(ALERTS, alert.campaign_id, alert.alert_id.encode(), value)
        await self._collector.deliver()
        for campaign, tellable in telling:
            self._show(campaign, len(tellable))
            for told in tellable:
                log.warning("%s", log_line(told.transition))
            campaign.transitions.published(len(tellable))

    def _show(self, campaign: CampaignAlerts, new: int) -> None:
        if self._redis is not None:
            transitions = campaign.transitions
            self._redis.alerts.put(
                AlertView(campaign.campaign_id, list(transitions.active.values()), transitions.pending[:new])
            )

    def show_all(self) -> None:
        """Have the open alerts of every campaign written to Redis again."""
        for stage in self.partitions.values():
            for campaign in stage.campaigns.values():
                self._show(campaign, 0)

    # ------------------------------------------------------------ figures

    def campaigns(self) -> list[CampaignAlerts]:
        """Return the campaigns of all partitions here."""
        return [campaign for stage in self.partitions.values() for campaign in stage.campaigns.values()]

    def observed_total(self) -> int:
        """Return how many minutes of influencers and campaigns this process has judged."""
        return self._observed_gone + sum(stage.observed_total() for stage in self.partitions.values())

    def stale_total(self) -> int:
        """Return how many minutes of influencers came again."""
        return self._stale_gone + sum(stage.stale_total() for stage in self.partitions.values())


def log_line(transition: AlertTransition) -> str:
    """Return one line of JSON for the log: numbers and names, nothing that a person wrote."""
    alert = transition.alert
    return msgspec.json.encode(
        {
            "event": "alert",
            "kind": transition.kind,
            "at_ms": transition.at_ms,
            "alert_id": alert.alert_id,
            "rule": alert.rule,
            "severity": alert.severity,
            "campaign": alert.campaign_id,
            "influencer": alert.influencer_id or "",
            "observed": round(alert.observed, 4),
            "expected": round(alert.expected, 4),
            "ratio": round(alert.ratio, 3),
            "sample_size": alert.sample_size,
            "resolution": alert.resolution,
        }
    ).decode()
