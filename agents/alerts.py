"""Alerts in a worker: closed minutes to Kafka, closed minutes from Kafka, checkpoints, and what is told.

``streams.closed_windows`` and ``streams.alert_stage`` compute; here is when, and in which order things become safe:

1. closed minutes of this worker's partitions go to ``campaign.windows.v1``;
2. checkpoints go to the changelog; one that is large goes in slices, and counts only once its head is written;
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

from agents.alert_projection import AlertView
from agents.fence import Fence
from agents.outbox import Outbox
from agents.redis_projection import RedisProjection
from agents.state_table import Slots, StateTable, alerts_key
from models.alerts import AlertTransition
from models.topics import ALERTS, CLOSED_WINDOWS
from streams.alert_stage import AlertPartition, WindowRecord
from streams.campaign_alerts import CampaignAlerts, Checkpoint
from streams.pipeline import Pipeline
from streams.window_records import encode_window

log: Final = logging.getLogger("campaign_pulse.alerts")
SLICE_BYTES: Final = 512 * 1024
"""Checkpoints up to this size are one record."""
_BUSY_SECONDS: Final = 0.005
"""Minutes of thousands of influencers come together; after this long something else gets its turn."""
encode_transition = msgspec.json.Encoder().encode


class Head(msgspec.Struct, frozen=True, array_like=True):
    """The record that makes a checkpoint count: all of it, or which slices it lies in."""

    generation: int
    slices: int
    data: bytes


_encode_head = msgspec.msgpack.Encoder().encode
_decode_head = msgspec.msgpack.Decoder(Head).decode


class AlertWorker:
    """The alerts of one worker.

    Args:
        pipeline: the partitions whose minutes are closed.
        table: mirror of the changelog.
        fence: writes to the changelog, while this worker may.
        outbox: delivers to Kafka.
        redis: the read model, or None.
        confirm: told (topic-partition, next offset) of what checkpoints stand for.
        wait_ms: see ``streams.minute_gathering``.
    """

    def __init__(
        self,
        pipeline: Pipeline,
        table: StateTable,
        fence: Fence,
        outbox: Outbox,
        redis: RedisProjection | None,
        confirm: Callable[[TP, int], None],
        wait_ms: int,
    ) -> None:
        self._pipeline = pipeline
        self._table = table
        self._fence = fence
        self._outbox = outbox
        self._redis = redis
        self._confirm = confirm
        self._wait_ms = wait_ms
        self.partitions: dict[int, AlertPartition] = {}
        self._generations: dict[str, int] = {}
        self._slots: dict[str, list[int]] = {}
        self._observed_gone = 0
        self._stale_gone = 0
        self.checkpoints_total = 0

    # ------------------------------------------------------------- partitions

    def assign(self, partition: int, position: int) -> None:
        """Take over a partition of ``campaign.windows.v1``, from the recovered table and the committed offset."""
        checkpoints = {}
        for campaign_id, slots in self._table.read_alerts(partition).items():
            data = self._read(campaign_id, slots)
            if data is not None:
                checkpoints[campaign_id] = data
        self.partitions[partition] = AlertPartition(self._pipeline.registry, self._wait_ms, checkpoints, position)
        self.show_all()

    def _read(self, campaign_id: str, slots: Slots) -> bytes | None:
        """Return the newest whole checkpoint, or None when no head was ever written."""
        self._slots[campaign_id] = [len(each) for each in slots.slices]
        if slots.head is None:
            return None
        head = _decode_head(slots.head)
        self._generations[campaign_id] = head.generation
        if not head.slices:
            return head.data
        held = slots.slices[head.generation % 2]
        return b"".join(held[place] for place in range(head.slices))

    def revoke_all(self) -> None:
        """Let go of everything; another worker goes on from the last checkpoints."""
        for stage in self.partitions.values():
            self._observed_gone += stage.observed_total()
            self._stale_gone += stage.stale_total()
        self.partitions.clear()
        self._generations.clear()
        self._slots.clear()

    def configure(self) -> None:
        """Follow changed definitions."""
        for stage in self.partitions.values():
            stage.configure(self._pipeline.registry)

    # ---------------------------------------------------------------- in

    async def process(self, partition: int, records: Sequence[WindowRecord]) -> None:
        """Take the next records of the log, a few milliseconds at a time."""
        stage = self.partitions.get(partition)
        if stage is None:
            return
        until = perf_counter() + _BUSY_SECONDS
        for record in records:
            stage.apply(record)
            if perf_counter() >= until:
                await asyncio.sleep(0)
                if self.partitions.get(partition) is not stage:
                    return  # revoked meanwhile; the successor reads it again
                until = perf_counter() + _BUSY_SECONDS

    # --------------------------------------------------------------- out

    async def flush(self) -> None:
        """Send what was closed, save what is due, tell what is safe.

        Raises:
            KafkaError: something could not be delivered; the worker must end and start again.
            FencedOut: the partitions belong to other workers; the state must be dropped.
        """
        await self._send_windows()
        for partition, stage in list(self.partitions.items()):
            await self._save(partition, stage)
            await self._tell(stage)
            self._confirm(TP(CLOSED_WINDOWS, partition), stage.covered())

    async def _send_windows(self) -> None:
        for state in list(self._pipeline.partitions.values()):
            for window in state.closed.take():
                key = window.campaign_id
                self._outbox.add_keyed(CLOSED_WINDOWS, key, key.encode(), encode_window(window))
            await asyncio.sleep(0)
        await self._fence.membership.assure()
        await self._outbox.deliver()

    async def _save(self, partition: int, stage: AlertPartition) -> None:
        due = [(campaign, campaign.checkpoint(stage.log_time_ms)) for campaign in stage.due()]
        forgotten = stage.forget_idle()
        heads: list[tuple[bytes, bytes | None]] = []
        slices: list[tuple[bytes, bytes | None]] = []
        for _, checkpoint in due:
            heads.append(self._cut(partition, checkpoint, slices))
        for campaign_id in forgotten:
            heads.append((alerts_key(partition, campaign_id), None))
            slices += [
                (alerts_key(partition, campaign_id, generation, place), None)
                for generation, count in enumerate(self._slots.pop(campaign_id, [0, 0]))
                for place in range(count)
            ]
            self._generations.pop(campaign_id, None)
        # The head of a forgotten campaign goes first and its slices after it; of a saved one the slices go first.
        await self._write(partition, [record for record in slices if record[1] is not None])
        await self._write(partition, heads)
        await self._write(partition, [record for record in slices if record[1] is None])
        for campaign, checkpoint in due:
            campaign.confirm(checkpoint)
            self.checkpoints_total += 1

    def _cut(
        self, partition: int, checkpoint: Checkpoint, slices: list[tuple[bytes, bytes | None]]
    ) -> tuple[bytes, bytes]:
        """Return the head's record; what does not fit into it is appended to ``slices``.

        Slices of two generations take turns, so that those the newest head names are never overwritten.
        """
        campaign_id, data = checkpoint.campaign_id, checkpoint.data
        generation = self._generations[campaign_id] = self._generations.get(campaign_id, -1) + 1
        held = self._slots.setdefault(campaign_id, [0, 0])
        count = 0 if len(data) <= SLICE_BYTES else -(-len(data) // SLICE_BYTES)
        for place in range(count):
            key = alerts_key(partition, campaign_id, generation % 2, place)
            slices.append((key, data[place * SLICE_BYTES : (place + 1) * SLICE_BYTES]))
        slices += [
            (alerts_key(partition, campaign_id, generation % 2, place), None)
            for place in range(count, held[generation % 2])
        ]
        held[generation % 2] = count
        return alerts_key(partition, campaign_id), _encode_head(Head(generation, count, b"" if count else data))

    async def _write(self, partition: int, records: list[tuple[bytes, bytes | None]]) -> None:
        if records:
            await self._fence.write((partition, key, value) for key, value in records)

    async def _tell(self, stage: AlertPartition) -> None:
        telling = [
            (campaign, tellable)
            for campaign in list(stage.campaigns.values())
            if (tellable := campaign.transitions.tellable())
        ]
        if not telling:
            return
        for _, tellable in telling:
            for told in tellable:
                alert = told.transition.alert
                value = encode_transition(told.transition)
                self._outbox.add_keyed(ALERTS, alert.campaign_id, alert.alert_id.encode(), value)
        await self._outbox.deliver()
        for campaign, tellable in telling:
            self._show(campaign, len(tellable))
            for told in tellable:
                log.warning("%s", log_line(told.transition))
            campaign.transitions.told(len(tellable))

    def _show(self, campaign: CampaignAlerts, new: int) -> None:
        if self._redis is not None:
            transitions = campaign.transitions
            self._redis.alerts.put(
                AlertView(campaign.campaign_id, list(transitions.active.values()), transitions.untold[:new])
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
