"""The durable copy of the state, written behind: what lies in the changelog and in the worker's copy of it.

Keys are those of ``streams.changelog.keys``. Values are the records of ``streams.changelog.row_records``, the segments
of ``streams.changelog.id_segments``, the orders of ``streams.orders.order``, and the checkpoints of
``streams.alerts.campaign``.
"""

from collections.abc import Callable, Container, Iterable
from typing import NamedTuple

from agents.state.stores import Change, StateStore
from streams.changelog.checks import read_changelog
from streams.changelog.id_segments import Segment
from streams.changelog.keys import ALERTS, Slots, campaign_of, decode_key, encode_key, log_key, read_key
from streams.changelog.log_positions import LogPosition, decode_log_position
from streams.changelog.row_records import RowRecord
from streams.columns.formats import NewerRecord, PoisonedRecord, UnsupportedRecord
from streams.orders.order import OrderKey, OrderRecord

OnPoisoned = Callable[[bytes, bytes, PoisonedRecord], None]
"""Called with key, value and problem of a record."""


class Stored(NamedTuple):
    """What the changelog holds of one partition's first stage."""

    rows: list[RowRecord]
    segments: dict[str, dict[int, Segment]]
    """Remembered ids, by topic and sequence."""
    logs: dict[str, LogPosition]
    """Which log of each topic was counted, and how far; absent where an older version wrote the state."""
    orders: list[tuple[OrderKey, bytes]]
    """Orders, still encoded."""


class StateTable:
    """The state by partition, read after recovery and kept equal to what has been confirmed on the changelog topic.

    Args:
        store: the worker's copy of the changelog; Faust's recovery fills it (``agents.state.faust_table``).
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def put(self, partition: int, changes: Iterable[Change], next_offset: int | None) -> None:
        """Mirror confirmed changelog records, and the offset behind them where it is sure; a value of None deletes.

        Raises:
            StoreError: the store cannot be written.
        """
        self._store.apply(partition, changes, next_offset)

    def read(self, partition: int, on_poisoned: OnPoisoned) -> Stored:
        """Return what the changelog holds of one partition, the checkpoints of alerts left out.

        Args:
            partition: its number.
            on_poisoned: called with key, value and problem of a record that was never ours; it is left out.

        Raises:
            NewerRecord: a record was written by a newer version; the message names its key.
        """
        rows, segments, logs, orders = stored = Stored([], {}, {}, [])
        for key, value in self._store.items(partition):
            try:
                record = read_changelog(partition, key, value)
            except NewerRecord as error:
                raise NewerRecord(f"changelog record {key.decode('utf-8', 'replace')}: {error}") from None
            except PoisonedRecord as error:
                on_poisoned(key, value, error)
                continue
            name, content = record.name, record.content
            if isinstance(content, RowRecord):
                rows.append(content)
            elif isinstance(content, Segment):
                segments.setdefault(str(name[0]), {})[int(name[1])] = content
            elif isinstance(content, LogPosition):
                logs[str(name[0])] = content
            elif isinstance(content, OrderRecord):
                orders.append((OrderKey(*map(str, name)), value))
        return stored

    def read_alerts(self, partition: int) -> dict[str, Slots]:
        """Return the alert checkpoints of one partition, by campaign."""
        found: dict[str, Slots] = {}
        for key, value in self._store.items(partition, encode_key([partition, ALERTS])[:-1] + b","):
            try:
                _, name = read_key(partition, key, value)
            except UnsupportedRecord:
                continue  # ``read`` has said so
            campaign_id = str(name[0])
            slots = found.setdefault(campaign_id, Slots(None, ({}, {})))
            if len(name) == 1:
                found[campaign_id] = slots._replace(head=value)
            else:
                slots.slices[int(name[1])][int(name[2])] = value
        return found

    def get(self, key: bytes) -> bytes | None:
        """Return one record as it was confirmed, or None."""
        return self._store.get(int(decode_key(key)[0]), key)

    def log_position(self, partition: int, topic: str) -> LogPosition | None:
        """Return which log of a topic was counted, and how far; None where nobody, or a stranger, has written that.

        Raises:
            NewerRecord: a newer version has written it.
        """
        value = self._store.get(partition, log_key(partition, topic))
        try:
            return None if value is None else decode_log_position(value)
        except PoisonedRecord:
            return None  # ``read`` says so

    def compact(self) -> None:
        """Have the worker's copy give up what was deleted, where it would keep its bytes for a while.

        Raises:
            StoreError: the store cannot be written.
        """
        self._store.compact()

    def keys_of(self, partition: int, campaigns: Container[str]) -> list[bytes]:
        """Return the keys of every record of some campaigns: rows, orders, checkpoints of alerts."""
        return [key for key, _ in self._store.items(partition) if campaign_of(key) in campaigns]

    def records(self, partition: int) -> list[tuple[bytes, bytes]]:
        """Return every confirmed record of one partition, with its key."""
        return list(self._store.items(partition))
