"""Faust's end of a state store: table recovery fills the store, and reads on from where the store stands."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import faust
from faust.stores.base import Store
from faust.types import TP, EventT

from agents.broker.log_ends import log_ends
from agents.connection.kafka import KafkaConnection
from agents.state.stores import Change, StateStore, StoreError

log: Final = logging.getLogger("campaign_pulse")
_URL: Final = "pulse://"


class RecoveringStore(Store):
    """What Faust sees of a state store. Its own stores are not used.

    Faust's RocksDB store writes data and offset one after the other, waits half a minute for a lock, takes a 2 GiB
    block cache for each partition, and ends a scan at the first damaged block as if there were no more records.
    """

    @property
    def _state(self) -> StateStore:
        state: StateStore = self.table.state
        return state

    def persisted_offset(self, tp: TP) -> int | None:
        """Return the last offset that need not be read again, as Faust counts: one before the next."""
        next_offset = self._state.next_offset(tp.partition)
        return None if next_offset is None else next_offset - 1

    async def need_active_standby_for(self, tp: TP) -> bool:
        """Return True: nobody else keeps this copy."""
        return True

    def reset_state(self) -> None:
        """Do nothing: Faust's command to delete local state is not ours."""

    async def backup_partition(self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1) -> None:
        """Do nothing: the changelog is the backup."""

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """Do nothing: the changelog is the backup."""

    def apply_changelog_batch(
        self, batch: Iterable[EventT], to_key: Callable[[Any], Any], to_value: Callable[[Any], Any]
    ) -> None:
        """Apply a batch of recovered records, in the order of the log.

        Faust logs whatever is raised here and goes on without the records; so a failure ends the worker.
        """
        changes: dict[int, list[Change]] = {}
        ends: dict[int, int] = {}
        for event in batch:
            message = event.message
            changes.setdefault(message.partition, []).append((message.key, message.value))
            ends[message.partition] = message.offset + 1
        try:
            for partition, records in changes.items():
                self._state.apply(partition, records, ends[partition])
        except StoreError as error:
            log.critical("worker ends: %s", error)
            self.app.add_future(self.app.crash(error))
            raise

    async def on_rebalance(
        self, assigned: set[TP], revoked: set[TP], newly_assigned: set[TP], generation_id: int = 0
    ) -> None:
        """Look at what the store holds of the partitions that come, before Faust asks where to read on."""
        changelog = self.table.changelog_topic_name
        coming = [tp for tp in newly_assigned if tp.topic == changelog]
        self._forget_reading(coming)
        kept = [tp for tp in coming if self._state.next_offset(tp.partition) is not None]
        timeout = self.app.conf.broker_request_timeout
        found: Mapping[Any, int] = await log_ends(self.table.connection, kept, timeout)
        ends = {tp.partition: end for tp, end in found.items()}
        for tp in coming:
            problem = self._state.take(tp.partition, ends.get(tp.partition, 0))
            if problem is not None:
                log.warning("state of partition %d is read from the changelog again: %s", tp.partition, problem)
        read_on = {tp.partition: self._state.next_offset(tp.partition) for tp in kept}
        if kept:
            log.info("changelog is read on from: %s; it ends at: %s", read_on, ends)

    def _forget_reading(self, coming: Sequence[TP]) -> None:
        """Have Faust read partitions that come as if it had never had them.

        Records that were fetched before a partition went may still wait in the queue. Faust takes them for read when
        they come out, though the partition is not here any more; when it comes back Faust would go on behind them, and
        the store has let go of everything before: those rows would be counted from zero.
        """
        tables = self.app.tables
        queue = tables.changelog_queue
        for _ in range(queue.qsize()):
            event = queue.get_nowait()
            if event.message.tp not in coming:
                queue.force_put_nowait(event)
        tables.recovery.flush_buffers()  # before the store lets go of what it holds
        for tp in coming:
            tables.recovery.revoke(tp)

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Let go of partitions that are not here any more."""
        self._state.keep_only({tp.partition for tp in active_tps})


class StoredTable(faust.Table):
    """A Faust table over a state store, which the option ``state`` names."""

    connection: KafkaConnection
    """How the brokers are reached, which are asked where the changelog ends; set before the table is read."""

    @property
    def state(self) -> StateStore:
        """The store."""
        state: StateStore = self.options["state"]
        return state

    def _new_store(self) -> RecoveringStore:
        return RecoveringStore(_URL, self.app, self, table_name=self.name, options=self.options, loop=self.loop)
