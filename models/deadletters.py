"""Dead letters: input that could not be counted, kept whole with the reason and its place.

On Kafka the record's value is the original value, byte for byte, and its key the original key; everything else
travels in headers, as in Kafka Connect, so that a repaired event can be sent again without unwrapping.
"""

from typing import Literal

from msgspec import Struct

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
    "unknown_currency",
    "wrong_topic",
    "event_time_implausible",
    "event_time_future",
    "too_many_order_events",
]
REASONS: tuple[Reason, ...] = Reason.__args__  # type: ignore[attr-defined]  # typing.Literal's documented member


class DeadLetter(Struct, frozen=True, kw_only=True):
    """One refused input: why (``reason`` for machines, ``detail`` for people), from where, and the bytes themselves."""

    reason: Reason
    detail: str
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None

    def headers(self) -> list[tuple[str, bytes]]:
        """Return the Kafka headers that carry everything but key and value."""
        return [
            ("pulse.reason", self.reason.encode()),
            ("pulse.detail", self.detail.encode("utf-8", "replace")),
            ("pulse.topic", self.topic.encode()),
            ("pulse.partition", str(self.partition).encode()),
            ("pulse.offset", str(self.offset).encode()),
        ]

    @classmethod
    def from_record(cls, key: bytes | None, value: bytes | None, headers: "list[tuple[str, bytes]]") -> "DeadLetter":
        """Rebuild a dead letter from a record of ``campaign.dead-letters.v1``.

        Raises:
            ValueError: a header is missing or the reason is not one of ours.
        """
        found = {name: content.decode("utf-8", "replace") for name, content in headers}
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
            )
        except KeyError as missing:
            raise ValueError(f"dead letter without the header {missing.args[0]!r}") from None
