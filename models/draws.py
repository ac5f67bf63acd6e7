"""What a draw publishes: the frozen entry list before it, and the winners after it. No personal data.

``docs/giveaway.md`` states the protocol so exactly that any program can recompute a draw.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256, 64 lower-case hex digits.")]
EntrantHash = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)", description="An entrant's pseudonym, 32 hex digits.")
]
Count = Annotated[int, Meta(ge=0)]


class ListedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that belongs to the record: its name beside the record, its hash, and how many lines it has."""

    file: str
    sha256: Sha256
    lines: Count


class LedgerEnd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the ledger was read: the next offset of each partition that was."""

    topic: str
    offsets: dict[str, Count]


class Randomness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which public random value will be used, said in advance; ``round`` for a drand round."""

    source: str
    round: int | None = None


class FrozenEntries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record published before the draw. Its commitment is the SHA-256 of its file, byte by byte.

    ``entries`` lists ``ENTRANT CHANCES`` a line, by entrant; ``left_out`` lists ``ENTRANT hold|exclude SCORE REASONS``.
    ``rules`` are those of the definition, lists of accounts replaced by their lengths.
    """

    format: Literal["campaign-pulse frozen entries 1"] = "campaign-pulse frozen entries 1"
    campaign_id: str
    name: str
    frozen_at: str
    rules: dict[str, object]
    ledger: LedgerEnd
    entries: ListedFile
    chances: Count
    left_out: ListedFile
    winners: Annotated[int, Meta(ge=1, le=100_000)]
    substitutes: Annotated[int, Meta(ge=0, le=100_000)]
    randomness: Randomness


class Drawn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One winner or substitute: which number of the sequence fell on which lot (from 0) of whom."""

    entrant: EntrantHash
    counter: Count
    lot: Count


class DrawRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record published after the draw; ``frozen`` is the commitment made before."""

    format: Literal["campaign-pulse draw 1"] = "campaign-pulse draw 1"
    frozen: Sha256
    randomness: Annotated[str, Meta(min_length=1, max_length=10_000)]
    drawn_at: str
    winners: tuple[Drawn, ...]
    substitutes: tuple[Drawn, ...]
