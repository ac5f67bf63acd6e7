"""The keys of changelog records.

They begin with their partition number, so that the records of one partition can be found again.
"""

from typing import Final, NamedTuple

import msgspec

from streams.columns.formats import NEWER, NewerRecord, PoisonedRecord, numbered_fields

ROW: Final = "row"
IDS: Final = "ids"
ALERTS: Final = "alerts"
FENCE: Final = "fence"
ORDER: Final = "order"
LOG: Final = "log"
KINDS: Final = frozenset((ROW, IDS, ALERTS, FENCE, ORDER, LOG))
"""Of records. The value of another kind begins with the number of its format, so that it is told from a stranger's."""
encode_key = msgspec.json.Encoder().encode
decode_key = msgspec.json.Decoder(list[str | int]).decode
_NAMES: Final[dict[str, tuple[tuple[type, ...], ...]]] = {
    ROW: ((str, str),),
    IDS: ((str, int),),
    ALERTS: ((str,), (str, int, int)),
    FENCE: ((), (str,)),
    ORDER: ((str, str, str),),
    LOG: ((str,),),
}
"""What follows the kind in a key."""


def _parts(key: bytes | None) -> list[str | int]:
    try:
        parts: list[str | int] = decode_key(key or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise PoisonedRecord("foreign_key", f"the key {key!r}: {error}") from None
    if not parts:
        raise PoisonedRecord("foreign_key", f"the key {key!r} is empty")
    return parts


def read_key(partition: int, key: bytes | None, value: bytes | None) -> tuple[str, list[str | int]]:
    """Return kind and name of a record of a partition.

    Raises:
        NewerRecord: a newer version has written it: a kind that this one does not know.
        PoisonedRecord: it is no key of ours.
    """
    parts = _parts(key)
    if len(parts) < 2 or parts[0] != partition or not isinstance(parts[1], str):
        raise PoisonedRecord("foreign_key", f"the key {key!r} is none of partition {partition}")
    kind, name = parts[1], parts[2:]
    if kind not in KINDS:
        if value is not None and numbered_fields(value) is not None:
            raise NewerRecord(f"a record of the unknown kind {kind!r}: {NEWER}")
        raise PoisonedRecord("foreign_key", f"the key {key!r} names no kind of record")
    if tuple(type(each) for each in name) not in _NAMES[kind]:
        raise PoisonedRecord("foreign_key", f"the key {key!r} is none of a record of kind {kind!r}")
    return kind, name


def row_key(partition: int, campaign_id: str, influencer_id: str) -> bytes:
    """Return the key of an influencer's state record."""
    return encode_key([partition, ROW, campaign_id, influencer_id])


def ids_key(partition: int, topic: str, sequence: int) -> bytes:
    """Return the key of a dedupe segment."""
    return encode_key([partition, IDS, topic, sequence])


def order_key(partition: int, campaign_id: str, seller: str, order_id: str) -> bytes:
    """Return the key of an order."""
    return encode_key([partition, ORDER, campaign_id, seller, order_id])


def log_key(partition: int, topic: str) -> bytes:
    """Return the key of the record that says which log of a topic was counted, and how far."""
    return encode_key([partition, LOG, topic])


def alerts_key(partition: int, campaign_id: str, generation: int | None = None, place: int = 0) -> bytes:
    """Return the key of a campaign's alert checkpoint, or of one of its slices."""
    slot: list[str | int] = [] if generation is None else [generation, place]
    return encode_key([partition, ALERTS, campaign_id, *slot])


def campaign_of(key: bytes) -> str | None:
    """Return the campaign whose record has this key; None for what belongs to no campaign, or is no key of ours."""
    try:
        kind, name = read_key(int(_parts(key)[0]), key, None)
    except ValueError:
        return None
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
