"""What a simulation is asked for, and what it hands out: ``SimulationPlan``, ``FaultRates``, ``SimulatedRecord``."""

from typing import Literal, NamedTuple

from msgspec import Struct

Shape = Literal["giveaway", "steady"]

LATEST_ALLOWED_SECONDS = 20 * 3600
"""No event is delivered later than this: 24 h, the longest window, less a margin."""


def _check_ratio(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must lie in 0..1, not {value}")


class FaultRates(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How unkind the delivery is. Every ratio is a share of the distinct events.

    ``duplicate_ratio``: delivered a second time, seconds to minutes later, byte for byte.
    ``disorder_seconds``: events arrive up to this much after their event time, most of them by seconds.
    ``late_ratio``: events that arrive ``late_min_seconds`` to ``late_max_seconds`` after their event time.
    ``misplaced_ratio``: records to be written to a partition that is not their key's.
    ``corrupt_ratio``: events replaced by something no decoder may accept.
    """

    duplicate_ratio: float = 0.05
    disorder_seconds: float = 600.0
    late_ratio: float = 0.01
    late_min_seconds: float = 3600.0
    late_max_seconds: float = float(LATEST_ALLOWED_SECONDS)
    misplaced_ratio: float = 0.02
    corrupt_ratio: float = 0.005

    def __post_init__(self) -> None:
        """Check each rate.

        Raises:
            ValueError: a rate is out of range; the message names it.
        """
        for name in ("duplicate_ratio", "late_ratio", "misplaced_ratio", "corrupt_ratio"):
            _check_ratio(name, getattr(self, name))
        if not 0 <= self.disorder_seconds <= LATEST_ALLOWED_SECONDS:
            raise ValueError(f"disorder_seconds must lie in 0..{LATEST_ALLOWED_SECONDS}, not {self.disorder_seconds}")
        if not 0 <= self.late_min_seconds <= self.late_max_seconds <= LATEST_ALLOWED_SECONDS:
            raise ValueError(
                f"late_min_seconds {self.late_min_seconds} and late_max_seconds {self.late_max_seconds} "
                f"must be ascending and lie in 0..{LATEST_ALLOWED_SECONDS}"
            )

    @classmethod
    def none(cls) -> "FaultRates":
        """Return a perfect delivery: in order, once, on time, all valid."""
        return cls(duplicate_ratio=0, disorder_seconds=0, late_ratio=0, misplaced_ratio=0, corrupt_ratio=0)


class SimulationPlan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that decides a simulation beside the campaign definitions: the same plan gives the same records.

    ``events`` counts distinct events, the corrupt ones included and the duplicates not. They are sent within
    ``start_ms`` and ``start_ms + duration_seconds``, along ``shape``: ``giveaway`` has a launch, a time of day and a
    rush before the end, ``steady`` is flat. ``incident_cycle_seconds`` plants the four incidents once in each such
    period, instead of once in the whole duration; ``incidents`` switches them off.
    """

    events: int
    duration_seconds: float
    start_ms: int
    seed: int = 1
    shape: Shape = "giveaway"
    comment_ratio: float = 0.7
    post_ratio: float = 0.2
    rfc3339_ratio: float = 0.1
    unlisted_ratio: float = 0.002
    """Share of posts and comments by influencers whom no definition names."""
    shop_platform: str = "shopify"
    """Of orders; a gateway calls every shop's ``shop``."""
    incidents: bool = True
    incident_cycle_seconds: float | None = None
    faults: FaultRates = FaultRates()

    def __post_init__(self) -> None:
        """Check what would otherwise fail far from its cause.

        Raises:
            ValueError: a value is out of range; the message names it.
        """
        if self.events < 0:
            raise ValueError(f"events must not be negative, not {self.events}")
        if self.duration_seconds <= 0:
            raise ValueError(f"duration_seconds must be positive, not {self.duration_seconds}")
        if self.start_ms < 0:
            raise ValueError(f"start_ms must not be negative, not {self.start_ms}")
        if self.incident_cycle_seconds is not None and self.incident_cycle_seconds <= 0:
            raise ValueError(f"incident_cycle_seconds must be positive, not {self.incident_cycle_seconds}")
        for name in ("comment_ratio", "post_ratio", "rfc3339_ratio", "unlisted_ratio"):
            _check_ratio(name, getattr(self, name))
        if self.comment_ratio + self.post_ratio > 1 + 1e-9:
            raise ValueError("comment_ratio and post_ratio add up to more than 1")

    @property
    def end_ms(self) -> int:
        """The moment the last record is due, at the latest."""
        return self.start_ms + round(self.duration_seconds * 1000)


class SimulatedRecord(NamedTuple):
    """One record to send.

    ``due_ms`` is the simulated moment to send it, ``misplaced`` asks for a partition that is not the key's own, and
    ``is_spoiled`` says that no decoder may accept it.
    """

    topic: str
    key: bytes | None
    value: bytes
    misplaced: bool
    due_ms: int
    is_spoiled: bool = False
