"""Which entrants look like no people, and why: six kinds of evidence, one score, a policy. ``docs/giveaway.md``.

Nobody is dropped here: the result is a list of suspects with reasons. What a draw does with them is the definition's
policy.
"""

from typing import Final

import numpy as np

from models.suspicion import SUSPICION_REASONS, Finding, Suspect, SuspicionPolicy, SuspicionReason
from streams.columns.arrays import F64
from streams.suspicion.comment_columns import CommentColumns
from streams.suspicion.floods import floods
from streams.suspicion.handles import random_handles
from streams.suspicion.pace import bursts, hoards
from streams.suspicion.rings import rings
from streams.suspicion.texts import copies

WEIGHTS: Final[dict[SuspicionReason, float]] = {
    "burst": 0.9,
    "copied_text": 0.9,
    "ring": 0.9,
    "random_handle": 0.35,
    "hoarding": 0.85,
    "flood": 0.95,
}
"""Score of one kind of evidence at full strength and alone."""
_SHOWN_FROM: Final = 0.1
"""Weaker evidence is not listed as a reason."""


class SuspicionEvidence:
    """Strength and words of every kind of evidence, by person. ``ignored`` reasons have strength 0."""

    def __init__(self, columns: CommentColumns, ignored: frozenset[SuspicionReason] = frozenset()) -> None:
        self.columns = columns
        self.entries = columns.entries_of()
        burst, self._in_minute, self._regular = bursts(columns)
        copied, self._sharers = copies(columns)
        ring, self._ring = rings(columns)
        hoard, self._share = hoards(columns)
        randomness = random_handles(columns.handles)
        flood, self._alike = floods(columns, randomness)
        self.strength: dict[SuspicionReason, F64] = {
            "burst": burst,
            "copied_text": copied,
            "ring": ring,
            "random_handle": randomness,
            "hoarding": hoard,
            "flood": flood,
        }
        for reason in ignored:
            self.strength[reason] = np.zeros(columns.entrants)

    def scores(self) -> F64:
        """Return the score of each person: 1 - product of (1 - weight * strength), as if kinds were independent."""
        kept = np.ones(self.columns.entrants)
        for reason in SUSPICION_REASONS:
            kept *= 1.0 - WEIGHTS[reason] * self.strength[reason]
        return 1.0 - kept

    def findings(self, person: int) -> tuple[Finding, ...]:
        """Return the reasons that speak against a person, strongest first."""
        found = [
            Finding(reason=reason, strength=round(float(strength[person]), 3), detail=self._detail(reason, person))
            for reason, strength in self.strength.items()
            if strength[person] >= _SHOWN_FROM
        ]
        return tuple(sorted(found, key=lambda each: (-WEIGHTS[each.reason] * each.strength, each.reason)))

    def _detail(self, reason: SuspicionReason, person: int) -> str:
        match reason:
            case "burst":
                text = f"{self._in_minute[person]} comments within a minute"
                if self._regular[person] > 0.5:
                    text += f", {self._regular[person]:.0%} of them at the same interval"
                return text
            case "copied_text":
                return f"an unusual text shared by {self._sharers[person]} people"
            case "ring":
                return f"one of {self._ring[person]} entrants that tag each other and hardly anybody else"
            case "random_handle":
                return "a handle of letters that hardly ever follow each other"
            case "hoarding":
                return f"{self.entries[person]} entries, {self._share[person]:.2%} of all"
            case "flood":
                return f"one of {self._alike[person]} look-alike accounts that first entered in the same moment"


def suspects(columns: CommentColumns, policy: SuspicionPolicy, cleared: frozenset[str] = frozenset()) -> list[Suspect]:
    """Return everybody whose score reaches the policy's lowest threshold, highest score first, then by person.

    Args:
        columns: the entries.
        policy: thresholds, and reasons that do not count.
        cleared: folded handles and person ids that a human has looked at.
    """
    evidence = SuspicionEvidence(columns, frozenset(policy.ignored))
    scores = np.round(evidence.scores(), 4)
    found = []
    for person in np.flatnonzero(scores >= policy.flag).tolist():
        name, handle, score = columns.persons[person], columns.handles[person], float(scores[person])
        is_cleared = name in cleared or handle in cleared
        action = policy.action(score, cleared=is_cleared)
        assert action is not None
        found.append(
            Suspect(
                person=name,
                handle=handle,
                score=score,
                action=action,
                entries=int(evidence.entries[person]),
                findings=evidence.findings(person),
                cleared=is_cleared,
            )
        )
    return sorted(found, key=lambda each: (-each.score, each.person))
