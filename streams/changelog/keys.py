"""The keys of changelog records.

They begin with their partition number, so that the records of one partition can be found again.
"""

from typing import Final, NamedTuple

import msgspec

ROW: Final = "row"
IDS: Final = "ids"
ALERTS: Final = "alerts"
FENCE: Final = "fence"
ORDER: Final = "order"
LOG: Final = "log"
encode_key = msgspec.json.Encoder().encode
decode_key = msgspec.json.Decoder(list[str | int]).decode


def row_key(partition: int, campaign_id: str, influencer_id: str) -> bytes:
    """Return the key of an influencer's state record."""
    return encode_key([partition, ROW, campaign_id, influencer_id])


def ids_key(partition: int, topic: str, sequence: int) -> bytes:
    """Return the key of a dedupe segment."""
    return encode_key([partition, IDS, topic, sequence])


def order_key(partition: int, campaign_id: str, platform: str, order_id: str) -> bytes:
    """Return the key of an order."""
    return encode_key([partition, ORDER, campaign_id, platform, order_id])


def log_key(partition: int, topic: str) -> bytes:
    """Return the key of the record that says which log of a topic was counted, and how far."""
    return encode_key([partition, LOG, topic])


def alerts_key(partition: int, campaign_id: str, generation: int | None = None, place: int = 0) -> bytes:
    """Return the key of a campaign's alert checkpoint, or of one of its slices."""
    slot: list[str | int] = [] if generation is None else [generation, place]
    return encode_key([partition, ALERTS, campaign_id, *slot])


def campaign_of(key: bytes) -> str | None:
    """Return the campaign whose record has this key; None for what belongs to no campaign."""
    _, kind, *name = decode_key(key)
    return str(name[0]) if kind in (ROW, ORDER, ALERTS) else None


class Slots(NamedTuple):
    """What the table holds of one campaign's alert checkpoints: the head, and the slices of both generations."""

    head: bytes | None
    slices: tuple[dict[int, bytes], dict[int, bytes]]


def fence_key(partition: int) -> bytes:
    """Return the key of the record that says which owner writes; see ``streams.changelog.fencing``."""
    return encode_key([partition, FENCE])


def late_key(partition: int) -> bytes:
    """Return the key under which a worker that was not the owner any more says that it has written."""
    return encode_key([partition, FENCE, "late"])
