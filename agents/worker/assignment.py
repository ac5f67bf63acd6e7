"""Partitions are assigned, revoked and lost: rebuilding their state, flushing it, dropping it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final, Protocol

from aiokafka.errors import KafkaError
from faust.types import TP

from agents.broker.inputs import Inputs
from agents.broker.membership import FencedOut
from agents.broker.record_collector import Headers, RecordCollector
from agents.broker.set_aside import SetAside
from agents.broker.topic_admin import TopicError
from agents.liveness.health import Health
from agents.stages.alerts import AlertWorker
from agents.stages.entries import EntryStage
from agents.state.fence import Fence
from agents.state.table import StateTable, Stored
from agents.worker.app import PulseApp
from agents.worker.flush import Flusher
from agents.worker.input_logs import InputLogs, PartitionsChanged
from models.topics import CLOSED_WINDOWS, COMMENTS, INPUT_TOPICS
from streams.changelog.keys import late_key, log_key
from streams.changelog.log_positions import LogStart, encode_log_position
from streams.columns.formats import NewerRecord
from streams.pipeline.partition import PartitionState
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaigns import CampaignBoard

log: Final = logging.getLogger("campaign_pulse")


class Stage(Protocol):
    """What a worker does with its partitions behind the first stage."""

    def release(self) -> None:
        """Let go of everything: other workers take over."""


class Assignment:
    """Follows the assignments of the group.

    Args:
        app: the Faust application.
        health: the phase.
        pipeline: the partitions.
        table: their recovered state.
        changelog: the topic of that state.
        fence: keeps late writers out.
        set_aside: takes what is found in a copy of the changelog and was never ours.
        flusher: flushes before the partitions go.
        collector: delivers to Kafka.
        inputs: where the changelog ended at recovery.
        logs: which logs the inputs are.
        alerts: go on from checkpoints in the same table.
        entries: read the ledgers of the same partitions.
        board: the campaigns, which may come from batches that waited while the partitions were given back.
        stages: everything that lets go with the partitions, in this order.
        long_work: marks work that keeps the loop busy for long and is known to end.
        retire: called with the state of a partition that goes.
    """

    def __init__(
        self,
        app: PulseApp,
        health: Health,
        pipeline: Pipeline,
        table: StateTable,
        changelog: str,
        fence: Fence,
        set_aside: SetAside,
        flusher: Flusher,
        collector: RecordCollector,
        inputs: Inputs,
        logs: InputLogs,
        alerts: AlertWorker,
        entries: EntryStage,
        board: CampaignBoard,
        stages: Sequence[Stage],
        long_work: Callable[[], AbstractContextManager[None]],
        retire: Callable[[PartitionState], None],
    ) -> None:
        self._app = app
        self._health = health
        self._pipeline = pipeline
        self._table = table
        self._changelog = changelog
        self._fence = fence
        self._set_aside = set_aside
        self._flusher = flusher
        self._collector = collector
        self._inputs = inputs
        self._logs = logs
        self._alerts = alerts
        self._entries = entries
        self._board = board
        self._stages = stages
        self._long_work = long_work
        self._retire = retire
        self._recovered = False
        self._releases = 0
        """How often everything was let go: what was being taken over meanwhile must not be taken."""
        self._late: list[tuple[int, bytes, Headers]] = []
        self.fenced_out_total = 0

    async def recovered(self) -> None:
        """Note that the changelogs of what was assigned have been read."""
        self._recovered = True

    async def on_assigned(self, committed: Mapping[TP, int | None]) -> Mapping[TP, int]:
        """Rebuild the assigned partitions from the recovered table and the committed offsets.

        Returns:
            Where to read instead of the committed offsets, of topic-partitions where that is elsewhere.
        """
        if not self._recovered:
            return {}  # a seek in the middle of a rebalance; the assignment is still to come
        self._board.release()  # which may have come from batches that waited while the partitions were given back
        taken = {tp.partition for tp in committed if tp.topic == COMMENTS}
        owned = sorted(taken - self._pipeline.partitions.keys())
        releases = self._releases
        try:
            await self._fence.take_over(owned, self._app.consumer_generation_id, self._inputs.changelog_ends)
        except FencedOut as reason:
            log.warning("partitions not taken over: %s; the worker joins again", reason)
            return {}
        try:
            elsewhere = await self._take(owned, committed, releases)
        except FencedOut as reason:
            if self._releases != releases:
                # Given up in between. The next assignment may be recovered already: nothing of it may be let go.
                log.info("partitions not taken over: given up meanwhile")
                return {}
            log.warning("partitions not taken over: %s; the worker joins again", reason)
            self._release()
            return {}
        except (TopicError, KafkaError, TimeoutError, PartitionsChanged) as error:
            log.critical("worker ends: %s", error)
            await self._app.crash(error)
            raise
        self._entries.assign(self._pipeline.partitions)
        log.info("partitions taken over: %s", sorted(self._pipeline.partitions))
        self._health.ready(sorted(self._pipeline.partitions))
        return elsewhere

    async def _take(self, owned: Sequence[int], committed: Mapping[TP, int | None], releases: int) -> dict[TP, int]:
        """Read the state of partitions, and compare their logs; return where to read instead of what is committed.

        Raises:
            FencedOut: the group has gone on, or everything was let go since ``releases`` were counted.
        """
        try:
            known = {
                TP(topic, partition): self._table.log_position(partition, topic)
                for partition in owned
                for topic in INPUT_TOPICS
            }
        except NewerRecord as error:
            await self._end(error)
            raise
        await self._logs.look(owned, {tp: position.last for tp, position in known.items() if position is not None})
        elsewhere: dict[TP, int] = {}
        for partition in owned:
            with self._long_work():
                await self._delete_purged(partition)
                stored = await self._read_state(partition)
                starts = await self._starts(partition, stored, committed)
                if self._releases != releases:
                    raise FencedOut("the partitions were given up while they were taken over")
                self._pipeline.assign(partition, stored.rows, stored.segments, starts, stored.orders)
                try:
                    self._alerts.assign(partition, committed.get(TP(CLOSED_WINDOWS, partition)) or 0)
                except NewerRecord as error:
                    await self._end(error)
                    raise
            for topic, start in starts.items():
                if start.next_offset != (committed.get(TP(topic, partition)) or 0):
                    elsewhere[TP(topic, partition)] = start.next_offset
        return elsewhere

    async def _starts(
        self, partition: int, stored: Stored, committed: Mapping[TP, int | None]
    ) -> Mapping[str, LogStart]:
        """Find where the topics of a partition go on, and write down which logs they are.

        First the group's offset, then the record: a stale offset must never stand beside the name of a new log.
        """
        starts, positions = await self._logs.starts(partition, stored, committed)
        others = {
            TP(topic, partition): start.next_offset
            for topic, start in starts.items()
            if start.change or start.is_beyond
        }
        if others:
            await self._inputs.set_committed(others)
        if positions:
            await self._fence.write(
                [
                    *self._fence.records(),
                    *(
                        (partition, log_key(partition, topic), encode_log_position(position))
                        for topic, position in positions.items()
                    ),
                ]
            )
        return starts

    async def _delete_purged(self, partition: int) -> None:
        """Delete what the state holds of campaigns that were purged, before anybody reads it.

        Any part of it may be lost with a crash: whoever takes the partition next finds the rest.
        """
        purged = self._pipeline.registry.purged
        gone = self._table.keys_of(partition, purged) if purged else []
        if gone:
            await self._fence.write([*self._fence.records(), *((partition, key, None) for key in gone)])
            self._table.compact()
            log.info("partition %d: %d records of purged campaigns deleted from the state", partition, len(gone))

    async def _read_state(self, partition: int) -> Stored:
        try:
            return self._table.read(
                partition,
                lambda key, value, error: self._set_aside.take_stored(self._changelog, partition, key, value, error),
            )
        except NewerRecord as error:
            await self._end(error)
            raise

    async def _end(self, error: NewerRecord) -> None:
        log.critical("worker ends: %s: %s", self._changelog, error)
        await self._app.crash(error)

    async def on_revoked(self) -> None:
        """Flush and let go of everything; Faust commits right after. On every revocation and at the end.

        A worker without which the group has gone on drops its state instead: its successors count from the last flush.
        """
        if self._app.should_stop:
            self._health.draining()
        else:
            self._health.rebalancing()
        if self._pipeline.partitions and not self._app.crashed:
            try:
                await self._flusher.flush()
            except FencedOut as reason:
                self.on_lost(reason)
        await self._mark_late_writes()
        self._release()

    def on_lost(self, reason: FencedOut) -> None:
        """Drop the state of partitions that belong to other workers by now."""
        if not self._pipeline.partitions:
            return  # while one flush was refused, another waited
        self.fenced_out_total += 1
        log.warning("state of partitions %s dropped: %s", sorted(self._pipeline.partitions), reason)
        still_ours = not self._fence.membership.is_lost
        self._release()
        if still_ours:
            # Nobody else will take them: they are given back and taken again.
            self._inputs.rejoin()

    async def _mark_late_writes(self) -> None:
        """Append a marker after writes that may have come too late, so that the successor writes its state again."""
        late, self._late = self._late, []
        for partition, key, headers in late:
            self._collector.add(self._changelog, partition, key, None, headers)
        if late:
            await self._collector.deliver()

    def _release(self) -> None:
        if self._fence.membership.is_lost:
            self._late += [(each, late_key(each), self._fence.headers(each)) for each in self._pipeline.partitions]
            self._collector.discard()
        self._recovered = False
        self._releases += 1
        self._fence.let_go()
        for partition, state in list(self._pipeline.partitions.items()):
            self._retire(state)
            self._pipeline.revoke(partition)
        for stage in self._stages:
            stage.release()
