"""Dead letters: input that could not be counted, kept whole with the reason and its place.

On Kafka the record's value is the original value, byte for byte, and its key the original key; everything else
travels in headers behind the original ones, as in Kafka Connect, so that an event can be sent again without unwrapping.
"""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal

from msgspec import Struct

Headers = Sequence[tuple[str, bytes | None]]
"""Kafka headers: a name may stand there more than once, and a value may be null."""

OUR_HEADERS: Final = (
    *("pulse.reason", "pulse.detail", "pulse.topic", "pulse.partition", "pulse.offset"),
    *("pulse.cut-from-bytes", "pulse.headers-dropped"),
)
"""Headers of a dead letter that were not there when the record came."""
REDRIVEN_FROM: Final = "pulse.redriven-from"
"""On a redriven record: where its dead letter stands, ``topic/partition/offset``."""
REDRIVEN_ID: Final = "pulse.redriven-id"
"""On a redriven record: ``DeadLetter.identity`` in hexadecimal."""
ATTEMPT: Final = "pulse.redrive-attempt"
"""On a redriven record: how many times it has been redriven. A new dead letter of it has the header too."""
REDRIVE_HEADERS: Final = (REDRIVEN_FROM, REDRIVEN_ID, ATTEMPT)
LARGEST_HEADERS_BYTES: Final = 64 * 1024
"""Original headers that take more are left out: a dead letter must fit into a message whatever came."""
_LARGEST_ATTEMPT_DIGITS: Final = 6

Reason = Literal[
    "empty_value",
    "too_large",
    "invalid_utf8",
    "invalid_json",
    "nesting_too_deep",
    "unknown_type",
    "missing_field",
    "wrong_type",
    "out_of_range",
    "unusable_field",
    "unknown_currency",
    "wrong_topic",
    "event_time_implausible",
    "event_time_future",
    "too_many_order_events",
    "unknown_campaign",
    "too_many_unknown_rows",
    "too_many_influencers",
    "too_many_posts",
    "too_many_currencies",
    "undecodable_batch",
    "foreign_key",
    "foreign_value",
    "damaged_value",
    "no_epoch",
    "unmapped",
    "unmatched",
]
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]  # typing.Literal's documented member
SET_ASIDE_REASONS: Final[tuple[Reason, ...]] = ("foreign_key", "foreign_value", "damaged_value", "no_epoch")
"""Those of records in topics that only we write (``streams.columns.formats.Fault``): they are no events."""
GATEWAY_REASONS: Final[tuple[Reason, ...]] = ("unmapped", "unmatched")
"""Those of authentic deliveries: no event can be made of them, or they fit no campaign. The gateway writes them."""
VALUE_REASONS: tuple[Reason, ...] = tuple(
    each for each in REASONS if each not in ("undecodable_batch", *SET_ASIDE_REASONS, *GATEWAY_REASONS)
)
"""Those of one value; with ``unusable_field`` the rest of it counts.

A whole batch that cannot be decoded is no event yet; ``campaign-pulse skip-batch`` writes it."""


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One refused input: why (``reason`` for machines, ``detail`` for people), from where, and the bytes themselves.

    ``original_headers`` are those of the refused record; ``cut_from_bytes`` is the length of a value that is not whole.
    """

    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    original_headers: Headers = ()
    cut_from_bytes: int | None = None

    def headers(self) -> list[tuple[str, bytes | None]]:
        """Return the Kafka headers that carry everything but key and value."""
        original = [each for each in self.original_headers if each[0] not in OUR_HEADERS]
        dropped: list[tuple[str, bytes | None]] = []
        if sum(len(name.encode()) + len(value or b"") for name, value in original) > LARGEST_HEADERS_BYTES:
            dropped = [("pulse.headers-dropped", str(len(original)).encode())]
            original = []
        cut = self.cut_from_bytes
        return [
            *original,
            *dropped,
            *([("pulse.cut-from-bytes", str(cut).encode())] if cut is not None else []),
            ("pulse.reason", self.reason.encode()),
            ("pulse.detail", self.detail.encode("utf-8", "replace")),
            ("pulse.topic", self.topic.encode()),
            ("pulse.partition", str(self.partition).encode()),
            ("pulse.offset", str(self.offset).encode()),
        ]

    @property
    def attempts(self) -> int:
        """How many times the event was redriven before it became this dead letter."""
        for name, value in self.original_headers:
            digits = value or b""
            if name == ATTEMPT and digits.isdigit() and len(digits) <= _LARGEST_ATTEMPT_DIGITS:
                return int(digits)
        return 0

    @property
    def identity(self) -> bytes:
        """Sixteen bytes that dead letters share when they are of one record: a worker may write one twice.

        By what was refused as well as by where it stood: a topic that is made anew counts its offsets anew.
        """
        digest = hashlib.blake2b(digest_size=16)
        for part in (f"{self.topic}/{self.partition}/{self.offset}".encode(), self.key, self.value):
            digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
        return digest.digest()

    @classmethod
    def from_record(cls, key: bytes | None, value: bytes | None, headers: Headers) -> "DeadLetter":
        """Rebuild a dead letter from a record of ``campaign.dead-letters.v1``.

        Raises:
            ValueError: a header is missing, no number, or the reason is not one of ours.
        """
        found = {name: (content or b"").decode("utf-8", "replace") for name, content in headers}
        try:
            reason = found["pulse.reason"]
            if reason not in REASONS:
                raise ValueError(f"pulse.reason: {reason!r} is not a known reason")
            return cls(
                reason=reason,
                detail=found["pulse.detail"],
                topic=found["pulse.topic"],
                partition=int(found["pulse.partition"]),
                offset=int(found["pulse.offset"]),
                key=key,
                value=value,
                original_headers=tuple(each for each in headers if each[0] not in OUR_HEADERS),
                cut_from_bytes=int(found["pulse.cut-from-bytes"]) if "pulse.cut-from-bytes" in found else None,
            )
        except KeyError as missing:
            raise ValueError(f"dead letter without the header {missing.args[0]!r}") from None
