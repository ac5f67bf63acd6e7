"""How many entrants are suspected: of a campaign, and with each influencer."""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from models.suspicion import Suspect, SuspicionNumbers
from streams.giveaway.entries import GiveawayEntries


def suspicion_numbers(
    found: Mapping[int, Suspect], entries: GiveawayEntries, as_of_ms: int
) -> dict[str, SuspicionNumbers]:
    """Count suspects by influencer, the whole campaign under ""; influencers without a suspect are left out.

    Args:
        found: the suspects among the entrants, by person hash.
        entries: the entries they were found in, settled.
        as_of_ms: the moment these numbers are of.
    """
    chances = entries.chances_of_people()
    left_out = sum(chances.get(person, 0) for person, suspect in found.items() if suspect.action != "flag")
    numbers = {"": _numbers(found.values(), as_of_ms, left_out)}
    for name, people in entries.entrants_by_influencer(np.array(list(found), dtype=np.uint64)).items():
        if name and len(people):
            numbers[name] = _numbers([found[person] for person in people.tolist()], as_of_ms, None)
    return numbers


def _numbers(found: Iterable[Suspect], as_of_ms: int, left_out_chances: int | None) -> SuspicionNumbers:
    found = list(found)
    actions = Counter(suspect.action for suspect in found)
    reasons = Counter(finding.reason for suspect in found for finding in suspect.findings)
    return SuspicionNumbers(
        as_of_ms=as_of_ms,
        suspicious_entrants=len(found),
        reasons=dict(sorted(reasons.items())),
        held_entrants=actions["hold"],
        excluded_entrants=actions["exclude"],
        left_out_chances=left_out_chances,
    )
