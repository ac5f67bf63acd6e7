"""The time in which partitions are this worker's: from the assignment until they are given back or lost."""

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from faust.types import TP

from agents.fence import FencedOut
from agents.outbox import Headers
from agents.state_table import late_key
from agents.topic_admin import changelog_topic
from models.topics import CLOSED_WINDOWS, COMMENTS, INPUT_TOPICS
from streams.dedupe import Segment
from streams.formats import UnsupportedRecord
from streams.records import RowRecord

if TYPE_CHECKING:
    from agents.worker_parts import Worker

log: Final = logging.getLogger("campaign_pulse")


class Tenure:
    """Takes partitions over and lets go of them.

    Args:
        worker: whose partitions.
    """

    def __init__(self, worker: "Worker") -> None:
        self._worker = worker
        self._recovered = False
        self._late: list[tuple[int, bytes, Headers]] = []
        self.fenced_out_total = 0

    async def recovered(self) -> None:
        """Take note that the changelogs of what was assigned have been read."""
        self._recovered = True

    async def take_over(self, committed: Mapping[TP, int]) -> None:
        """Rebuild the assigned partitions from the recovered table and the committed offsets."""
        if not self._recovered:
            return  # a seek in the middle of a rebalance; the assignment is still to come
        self._forget_campaigns()  # which may have come from batches that waited while the partitions were given back
        taken = {tp.partition for tp in committed if tp.topic == COMMENTS}
        owned = sorted(taken - self._worker.pipeline.partitions.keys())
        ends = {} if self._worker.consumer is None else self._worker.consumer.changelog_ends
        try:
            await self._worker.fence.take_over(owned, self._worker.app.consumer_generation_id, ends)
        except FencedOut as reason:
            log.warning("partitions not taken over: %s; the worker joins again", reason)
            return
        for partition in owned:
            with self._worker.watch.long_work():
                rows, segments = await self._read_state(partition)
                offsets = {topic: committed.get(TP(topic, partition), 0) for topic in INPUT_TOPICS}
                self._worker.pipeline.assign(partition, rows, segments, offsets)
                self._worker.alerts.assign(partition, committed.get(TP(CLOSED_WINDOWS, partition), 0))
        self._worker.entries.assign(self._worker.pipeline.partitions)
        log.info("partitions taken over: %s", sorted(self._worker.pipeline.partitions))
        self._worker.health.ready(sorted(self._worker.pipeline.partitions))

    async def _read_state(self, partition: int) -> tuple[list[RowRecord], dict[str, dict[int, Segment]]]:
        try:
            return self._worker.table.read(partition)
        except UnsupportedRecord as error:
            log.critical("worker ends: %s: %s", changelog_topic(self._worker.settings), error)
            await self._worker.app.crash(error)
            raise

    async def drain(self) -> None:
        """Flush and let go of everything; Faust commits right after. On every revocation and at the end.

        A worker without which the group has gone on drops its state instead: its successors count from the last flush.
        """
        if self._worker.app.should_stop:
            self._worker.health.draining()
        else:
            self._worker.health.rebalancing()
        if self._worker.pipeline.partitions and not self._worker.app.crashed:
            try:
                await self._worker.flusher.flush()
            except FencedOut as reason:
                self.give_up(reason)
        await self._confess()
        self._let_go()

    def give_up(self, reason: FencedOut) -> None:
        """Drop the state of partitions that belong to other workers by now."""
        if not self._worker.pipeline.partitions:
            return  # while one flush was refused, another waited
        self.fenced_out_total += 1
        log.warning("state of partitions %s dropped: %s", sorted(self._worker.pipeline.partitions), reason)
        self._let_go()

    async def _confess(self) -> None:
        """Behind whatever may have left too late, say so in each changelog partition: the successor writes again."""
        late, self._late = self._late, []
        for partition, key, headers in late:
            self._worker.outbox.add(changelog_topic(self._worker.settings), partition, key, None, headers)
        if late:
            await self._worker.outbox.deliver()

    def _let_go(self) -> None:
        worker = self._worker
        if worker.membership.is_lost:
            self._late += [(each, late_key(each), worker.fence.headers(each)) for each in worker.pipeline.partitions]
            worker.outbox.discard()
        self._recovered = False
        worker.fence.let_go()
        for partition, state in list(worker.pipeline.partitions.items()):
            worker.collector.retire(state)
            worker.pipeline.revoke(partition)
        worker.alerts.revoke_all()
        worker.entries.release()
        worker.suspicion.release()
        if worker.redis is not None:
            worker.redis.forget()
        self._forget_campaigns()

    def _forget_campaigns(self) -> None:
        board = self._worker.board
        board.forget(set(board.campaigns))
