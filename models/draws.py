"""What a draw publishes: the frozen entry list, the winners, and who is excluded since. No personal data.

``docs/giveaway.md`` states the protocol so exactly that any program can recompute a draw.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)", description="SHA-256, 64 lower-case hex digits.")]
EntrantHash = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{32}$(?!\n)", description="An entrant's pseudonym, 32 hex digits.")
]
Count = Annotated[int, Meta(ge=0)]
Hex = Annotated[str, Meta(pattern=r"^(?:[0-9a-f]{2})+$(?!\n)", max_length=192, description="Bytes, lower-case hex.")]
Scheme = Literal["pedersen-bls-chained", "pedersen-bls-unchained", "bls-unchained-g1-rfc9380"]
Origin = Literal["drand", "text", "unproved"]
"""Of a drawn value: a drand round whose signature is in the record, the text of an announced source, or neither."""
MOST_REASON = 1000
Step = Literal["freeze", "draw", "exclusion"]
Reason = Annotated[str, Meta(min_length=1, max_length=MOST_REASON, description="For everybody to read: name nobody.")]


class LogPlace(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a record stands in the log of a campaign's draws (``campaign.draws.v1``).

    ``number`` counts all steps of the campaign from 1, ``attempt`` those of this kind. ``previous`` is the SHA-256 of
    the step before: of its record's file. A second freeze or draw, and any exclusion, has its ``reason``.
    """

    number: Annotated[int, Meta(ge=1)]
    attempt: Annotated[int, Meta(ge=1)]
    previous: Sha256 | None = None
    reason: Reason | None = None


class LogEntry(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One step in the log: ``sha256`` is that of its record's file, ``frozen`` the commitment of the list meant.

    ``draw`` is the SHA-256 of the draw after which somebody was excluded.
    """

    format: Literal["campaign-pulse draw log 1"] = "campaign-pulse draw log 1"
    campaign_id: str
    step: Step
    place: LogPlace
    at: str
    sha256: Sha256
    frozen: Sha256
    draw: Sha256 | None = None


class ListedFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file that belongs to the record: its name beside the record, its hash, and how many lines it has."""

    file: str
    sha256: Sha256
    lines: Count


class ClearedRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place of the ledger, ``topic/partition@offset``, whose record was accepted as none, and that record's hash."""

    place: str
    sha256: Sha256


class LedgerEnd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the list was made of: how many facts, and their HMAC-SHA256 under the operator's key (``secret.key``).

    The facts are a set: the same however they came, over Kafka or in files. Records up to format 3 say instead how far
    the ledger was read: its topic, and the next offset of each partition that was.
    """

    topic: str | None = None
    offsets: dict[str, Count] = {}
    facts: Count | None = None
    digest: Sha256 | None = None
    cleared: tuple[ClearedRecord, ...] = ()


RoundNumber = Annotated[int, Meta(ge=1, lt=1 << 40)]


class DrandChain(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A chain of drand rounds. ``hash`` follows from all other fields but ``scheme`` (``streams/giveaway/drand.py``).

    Round 1 is of ``genesis_time`` (epoch seconds), and another one follows every ``period`` seconds.
    """

    hash: Sha256
    beacon_id: Annotated[str, Meta(max_length=200)]
    scheme: Scheme
    public_key: Hex
    genesis_time: Annotated[int, Meta(ge=0, lt=1 << 40)]
    period: Annotated[int, Meta(ge=1, lt=1 << 32)]
    group_hash: Hex


class Randomness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which public random value will be used, said in advance.

    For a drand round: its number, its chain, when it will be made, and whether the rules name it or whoever froze the
    list (formats 1 and 2 do not say). Records of format 1 have the number alone.
    """

    source: str
    round: RoundNumber | None = None
    round_at: str | None = None
    chain: DrandChain | None = None
    chosen_by: Literal["rules", "operator"] | None = None


class DrandRound(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A round as drand answered it; ``previous_signature`` where the chain's scheme signs it too."""

    round: RoundNumber
    signature: Hex
    previous_signature: Hex | None = None


class FrozenEntries(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record published before the draw. Its commitment is the SHA-256 of its file, byte by byte.

    ``entries`` lists ``ENTRANT CHANCES`` a line, by entrant; ``left_out`` lists ``ENTRANT hold|exclude SCORE REASONS``.
    ``rules`` are those of the definition, lists of accounts replaced by their lengths. ``place`` is that in the log.
    """

    format: Literal[
        "campaign-pulse frozen entries 1",
        "campaign-pulse frozen entries 2",
        "campaign-pulse frozen entries 3",
        "campaign-pulse frozen entries 4",
    ] = "campaign-pulse frozen entries 4"
    place: LogPlace | None = None
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


class RecordFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another record that a record names: its file beside it, and its hash."""

    file: str
    sha256: Sha256


class DrawRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The record published after the draw; ``frozen`` is the commitment made before.

    ``origin`` says where the value comes from, ``drand`` holds the round that proves it, ``chain`` the chain where the
    frozen record (format 1) names none. ``unfilled`` counts the places for which no entrant was left. Records of format
    1 have none of these. ``place`` is that in the log, ``exclusions`` those made before the draw; both since format 3.
    """

    format: Literal["campaign-pulse draw 1", "campaign-pulse draw 2", "campaign-pulse draw 3"] = "campaign-pulse draw 3"
    place: LogPlace | None = None
    frozen: Sha256
    randomness: Annotated[str, Meta(min_length=1, max_length=10_000)]
    origin: Origin | None = None
    drand: DrandRound | None = None
    chain: DrandChain | None = None
    exclusions: tuple[RecordFile, ...] = ()
    unfilled: Count = 0
    drawn_at: str
    winners: tuple[Drawn, ...]
    substitutes: tuple[Drawn, ...]


class Exclusion(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who was frozen into the list and does not take part after all, or a winner who is replaced.

    ``draw`` is the SHA-256 of the draw's record, None before the draw. ``replaced_by`` takes the place of a winner.
    """

    format: Literal["campaign-pulse exclusion 1"] = "campaign-pulse exclusion 1"
    place: LogPlace
    campaign_id: str
    frozen: Sha256
    draw: Sha256 | None = None
    excluded_at: str
    entrant: EntrantHash
    winner: Annotated[int, Meta(ge=1)] | None = None
    replaced_by: Drawn | None = None
