"""The durable copy of the state, written behind: what lies in the changelog and in the worker's copy of it.

Keys begin with their partition number, so that the records of one partition can be found again. Values are the
records of ``streams.records``, the segments of ``streams.dedupe`` and the checkpoints of ``streams.campaign_alerts``.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from agents.state_store import Change, StateStore
from streams.dedupe import Segment, decode_segment
from streams.formats import NEWER, UnsupportedRecord
from streams.records import RowRecord, decode_record

_ROW: Final = "row"
_IDS: Final = "ids"
_ALERTS: Final = "alerts"
_FENCE: Final = "fence"
_encode_key = msgspec.json.Encoder().encode
_decode_key = msgspec.json.Decoder(list[str | int]).decode


def row_key(partition: int, campaign_id: str, influencer_id: str) -> bytes:
    """Return the key of an influencer's state record."""
    return _encode_key([partition, _ROW, campaign_id, influencer_id])


def ids_key(partition: int, topic: str, sequence: int) -> bytes:
    """Return the key of a dedupe segment."""
    return _encode_key([partition, _IDS, topic, sequence])


def alerts_key(partition: int, campaign_id: str, generation: int | None = None, place: int = 0) -> bytes:
    """Return the key of a campaign's alert checkpoint, or of one of its slices."""
    slot: list[str | int] = [] if generation is None else [generation, place]
    return _encode_key([partition, _ALERTS, campaign_id, *slot])


class Slots(NamedTuple):
    """What the table holds of one campaign's alert checkpoints: the head, and the slices of both generations."""

    head: bytes | None
    slices: tuple[dict[int, bytes], dict[int, bytes]]


def fence_key(partition: int) -> bytes:
    """Return the key of the record that says which owner writes; see ``streams.fencing``."""
    return _encode_key([partition, _FENCE])


def late_key(partition: int) -> bytes:
    """Return the key under which a worker that was not the owner any more says that it has written."""
    return _encode_key([partition, _FENCE, "late"])


class StateTable:
    """The state by partition, read after recovery and kept equal to what has been confirmed on the changelog topic.

    Args:
        store: the worker's copy of the changelog; Faust's recovery fills it (``agents.stored_table``).
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def put(self, partition: int, changes: Iterable[Change], next_offset: int | None) -> None:
        """Mirror confirmed changelog records, and the offset behind them where it is sure; a value of None deletes.

        Raises:
            StoreError: the store cannot be written.
        """
        self._store.apply(partition, changes, next_offset)

    def read(self, partition: int) -> tuple[list[RowRecord], dict[str, dict[int, Segment]]]:
        """Return the state records and the dedupe segments (by topic and sequence) of one partition.

        Raises:
            UnsupportedRecord: a record was written by a newer version, or is damaged; the message names its key.
        """
        rows: list[RowRecord] = []
        segments: dict[str, dict[int, Segment]] = {}
        for key, value in self._store.items(partition):
            _, kind, *name = _decode_key(key)
            try:
                if kind == _ROW:
                    rows.append(decode_record(value))
                elif kind == _IDS:
                    topic, sequence = name
                    segments.setdefault(str(topic), {})[int(sequence)] = decode_segment(value)
                elif kind not in (_ALERTS, _FENCE):
                    raise UnsupportedRecord(f"a record of the unknown kind {kind!r}: {NEWER}")
            except UnsupportedRecord as error:
                raise UnsupportedRecord(f"changelog record {key.decode()}: {error}") from None
        return rows, segments

    def read_alerts(self, partition: int) -> dict[str, Slots]:
        """Return the alert checkpoints of one partition, by campaign."""
        found: dict[str, Slots] = {}
        for key, value in self._store.items(partition, _encode_key([partition, _ALERTS])[:-1] + b","):
            name = _decode_key(key)[2:]
            campaign_id = str(name[0])
            slots = found.setdefault(campaign_id, Slots(None, ({}, {})))
            if len(name) == 1:
                found[campaign_id] = slots._replace(head=value)
            else:
                slots.slices[int(name[1])][int(name[2])] = value
        return found

    def get(self, key: bytes) -> bytes | None:
        """Return one record as it was confirmed, or None."""
        return self._store.get(int(_decode_key(key)[0]), key)

    def records(self, partition: int) -> list[tuple[bytes, bytes]]:
        """Return every confirmed record of one partition, with its key."""
        return list(self._store.items(partition))
