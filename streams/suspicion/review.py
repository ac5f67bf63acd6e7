"""The review of a giveaway: who of its entrants is suspected, under the names people know, and how many they are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from models.suspicion import POLICY_ACTIONS, SUSPICION_REASONS, Suspect, SuspicionNumbers, SuspicionPolicy
from streams.comparison import platform_key
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.loaded import GiveawayData
from streams.ledger.accounts import Account, accounts_of
from streams.ledger.people import Person
from streams.ledger.platform_rules import rules_of
from streams.suspicion.comment_columns import columns_of, views_of
from streams.suspicion.score import suspects


class Review(Struct, frozen=True):
    """The suspects of a campaign under the names people know, and how many they are, by influencer ("" for all)."""

    suspects: list[Suspect]
    numbers: dict[str, SuspicionNumbers]


def review_of(data: GiveawayData, as_of_ms: int, suspected: Mapping[int, Suspect] | None = None) -> Review:
    """Look for the suspects among the entrants, under the policy in the definition.

    Args:
        data: the giveaway.
        as_of_ms: the moment the numbers are of.
        suspected: what ``suspects_of`` has found under that policy, where it is known already.
    """
    # One after the other: comments in columns and entries need about the same memory.
    if suspected is None:
        suspected = suspects_of(data, data.rules.suspicion)
    entries = data.entries()
    entrants = entries.chances_of_people()
    by_person = {number: suspect for number, suspect in suspected.items() if number in entrants}
    found = [public_suspect(suspect, data.people[number]) for number, suspect in by_person.items()]
    return Review(found, suspicion_numbers(by_person, entries, as_of_ms))


def suspects_of(data: GiveawayData, policy: SuspicionPolicy) -> dict[int, Suspect]:
    """Return the suspects among all who commented in time, by person hash, highest score first."""
    accounts = accounts_of(policy.cleared)
    cleared = frozenset(
        str(number)
        for number, person in data.people.items()
        if accounts and any(_is_of(account, person) for account in accounts)
    )
    found = suspects(columns_of(views_of(data.ledger.facts, data.book)), policy, cleared)
    return {int(suspect.person): suspect for suspect in found}


def _is_of(account: Account, person: Person) -> bool:
    """Return whether an account of a list is this person's: by the handle, or by the id as it is written."""
    if not account.is_on(platform_key(person.platform)):
        return False
    rules = rules_of(person.platform)
    named = bool(person.handle) and rules.key(person.handle) == rules.key(account.name)
    return named or (not account.is_handle and person.author_id == account.name)


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


def public_suspect(suspect: Suspect, person: Person) -> Suspect:
    """Return a suspect under the names people know: platform and author id, and the handle as written."""
    return msgspec.structs.replace(suspect, person=f"{person.platform}/{person.author_id}", handle=person.handle)


def summary_of(found: list[Suspect], as_of_ms: int) -> dict[Any, Any]:
    """Return how many are suspected: in all, by action, and by reason (a suspect counts under each of theirs)."""
    actions = Counter(suspect.action for suspect in found)
    reasons = Counter(finding.reason for suspect in found for finding in suspect.findings)
    return {
        "as_of_ms": as_of_ms,
        "suspects": len(found),
        **{f"action.{action}": actions[action] for action in POLICY_ACTIONS},
        **{f"reason.{reason}": reasons[reason] for reason in SUSPICION_REASONS},
    }
