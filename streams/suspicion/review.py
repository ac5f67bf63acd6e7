"""The review of a giveaway: who of its entrants is suspected, under the names people know, and how many they are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from models.suspicion import POLICY_ACTIONS, SUSPICION_REASONS, PolicyAction, Suspect, SuspicionNumbers, SuspicionPolicy
from streams.comparison import platform_key
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.freeze import leaves_out
from streams.giveaway.loaded import GiveawayData
from streams.ledger.accounts import Account, accounts_of
from streams.ledger.blocks import EntryBlock
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
    """Return the suspects among all who commented in time, by person hash, highest score first.

    Without those who were cleared at the desk, and with those who are held there, suspected or not.
    """
    accounts = accounts_of(policy.cleared)
    cleared = frozenset(
        str(number)
        for number, person in data.people.items()
        if accounts and any(_is_of(account, person) for account in accounts)
    )
    found = suspects(columns_of(views_of(data.ledger.facts, data.book)), policy, cleared)
    return _with_decisions(data, {int(suspect.person): suspect for suspect in found})


def left_out_of(data: GiveawayData) -> dict[int, Suspect]:
    """Return who may be left out of a draw: suspects are looked for only where the policy leaves any out."""
    policy = data.rules.suspicion
    return suspects_of(data, policy) if leaves_out(policy) else _with_decisions(data, {})


def _with_decisions(data: GiveawayData, found: dict[int, Suspect]) -> dict[int, Suspect]:
    decided = dict(data.decided())
    if not decided:
        return found
    for number, each in decided.items():
        if each.decision == "clear":
            found.pop(number, None)
            continue
        suspect = found.get(number) or Suspect(
            person=str(number), handle="", score=0.0, action="hold", entries=_comments_of(data, number), findings=()
        )
        # A policy that excludes is severer than a person who holds.
        action: PolicyAction = "exclude" if suspect.action == "exclude" else "hold"
        found[number] = msgspec.structs.replace(suspect, action=action, cleared=False, held_by=each.action.action_id)
    return dict(sorted(found.items(), key=lambda each: (-each[1].score, each[1].person)))


def _comments_of(data: GiveawayData, person: int) -> int:
    """Return how many comments on posts of the giveaway somebody has written, deleted ones included."""
    blocks = (fact for fact in data.ledger.facts if isinstance(fact, EntryBlock))
    return len({int(each) for block in blocks for each in block.comment_hashes[block.person_hashes == person]})


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
