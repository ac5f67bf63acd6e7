"""What is done about entrants that look like no people: a policy in the definition, and suspects with reasons."""

from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from models.events import Id

SuspicionReason = Literal["burst", "copied_text", "ring", "random_handle", "hoarding", "flood"]
SUSPICION_REASONS: Final[tuple[SuspicionReason, ...]] = SuspicionReason.__args__  # type: ignore[attr-defined]
PolicyAction = Literal["flag", "hold", "exclude"]
POLICY_ACTIONS: Final[tuple[PolicyAction, ...]] = PolicyAction.__args__  # type: ignore[attr-defined]

Score = Annotated[float, Meta(gt=0, le=1, description="A suspicion score: above 0, at most 1.")]


class SuspicionPolicy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From which score on an entrant is flagged, held back from a draw until somebody has looked, or excluded.

    The severest threshold that a score reaches decides. Without ``hold`` and ``exclude`` suspicion changes nothing in
    a draw: it is shown, and a person decides. ``cleared`` accounts (handle or ``author_id``) have been looked at and
    are never held or excluded; ``ignored`` reasons do not count.
    """

    flag: Score = 0.5
    hold: Score | None = None
    exclude: Score | None = None
    cleared: tuple[Id, ...] = ()
    ignored: tuple[SuspicionReason, ...] = ()

    def __post_init__(self) -> None:
        """Refuse thresholds out of order.

        Raises:
            ValueError: a severer action has a lower threshold than a milder one.
        """
        if self.hold is not None and self.hold < self.flag:
            raise ValueError(f"hold {self.hold:g} is below flag {self.flag:g}")
        milder = self.flag if self.hold is None else self.hold
        if self.exclude is not None and self.exclude < milder:
            raise ValueError(f"exclude {self.exclude:g} is below {'flag' if self.hold is None else 'hold'} {milder:g}")

    def action(self, score: float, *, cleared: bool = False) -> PolicyAction | None:
        """Return what happens to an entrant with this score, or None."""
        if score < self.flag:
            return None
        if cleared:
            return "flag"
        if self.exclude is not None and score >= self.exclude:
            return "exclude"
        return "hold" if self.hold is not None and score >= self.hold else "flag"


class Finding(Struct, frozen=True, kw_only=True):
    """One reason to suspect an entrant: its strength in 0..1, and the observation in words."""

    reason: SuspicionReason
    strength: float
    detail: str


class Suspect(Struct, frozen=True, kw_only=True):
    """One suspected entrant. ``findings`` come strongest first; ``cleared`` says that a person has looked already.

    ``held_by`` is the action of the desk that holds them; None when the policy alone decides. Who is held there without
    being suspected has the score 0.
    """

    person: str
    handle: str
    score: float
    action: PolicyAction
    entries: int
    findings: tuple[Finding, ...]
    cleared: bool = False
    held_by: str | None = None


class SuspicionNumbers(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many entrants are suspected, of a campaign or with one influencer; ``docs/giveaway.md`` defines each number.

    Made by a pass over the whole ledger from time to time: ``as_of_ms`` is when. A suspect counts under each of their
    reasons. ``left_out_chances`` are the chances of those who are held or excluded; the campaign's only.
    """

    as_of_ms: int
    suspicious_entrants: int = 0
    reasons: dict[SuspicionReason, int] = {}
    held_entrants: int = 0
    excluded_entrants: int = 0
    left_out_chances: int | None = None
