"""What a record of the changelog is, and whether it can be one: looked at before it takes the place of another."""

import msgspec

from streams.changelog.fencing import Epoch, decode_epoch
from streams.changelog.id_segments import Segment, decode_segment
from streams.changelog.keys import ALERTS, FENCE, IDS, ORDER, ROW, read_key
from streams.changelog.log_positions import LogPosition, decode_log_position
from streams.changelog.row_records import RowRecord, decode_record
from streams.changelog.slices import Head, decode_head
from streams.columns.formats import PoisonedRecord
from streams.orders.order import OrderRecord, decode_order

Content = RowRecord | Segment | LogPosition | OrderRecord | Head | Epoch | bytes
"""Of a record: the slice of a checkpoint is bytes."""


class ChangelogRecord(msgspec.Struct, frozen=True):
    """A record that was read: its kind, the rest of its key, and its content."""

    kind: str
    name: list[str | int]
    content: Content


def read_changelog(partition: int, key: bytes | None, value: bytes) -> ChangelogRecord:
    """Read a record of a partition of the changelog.

    Raises:
        NewerRecord: a newer version has written it.
        PoisonedRecord: it is damaged, or no record of this partition.
    """
    kind, name = read_key(partition, key, value)
    content = _content(kind, name, value)
    if isinstance(content, RowRecord) and name != [content.campaign_id, content.influencer_id]:
        raise PoisonedRecord("foreign_key", f"the state of another influencer under the key {key!r}")
    return ChangelogRecord(kind, name, content)


def _content(kind: str, name: list[str | int], value: bytes) -> Content:
    if kind == ROW:
        return decode_record(value)
    if kind == ORDER:
        return decode_order(value)
    if kind == FENCE:
        try:
            return decode_epoch(value)
        except ValueError as error:
            raise PoisonedRecord("foreign_value", f"no epoch: {error}") from None
    if kind == ALERTS:
        return value if len(name) > 1 else decode_head(value)
    return decode_segment(value) if kind == IDS else decode_log_position(value)
