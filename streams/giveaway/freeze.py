"""Freezing the entry list of a draw: who is on it with how many chances, who is left out and why, under pseudonyms."""

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.draws import ClearedRecord, FrozenEntries, LedgerEnd, ListedFile, LogPlace, Randomness
from models.giveaway import GiveawayRules
from models.suspicion import Suspect, SuspicionPolicy
from streams.giveaway.draw import entrant_of, list_text, receipt_of
from streams.giveaway.loaded import GiveawayData
from streams.ledger.fact_set import fact_set

BY_HAND: Final = "by_hand"
"""The reason of whoever is held at the desk, in the list of those left out."""
ENTRIES_FILE: Final = "entries.txt"
LEFT_OUT_FILE: Final = "left-out.txt"
_ACCOUNT_LISTS: Final = ("excluded", "past_winners")


class FreezeError(ValueError):
    """A list that no draw can be made of; one line, for users."""


class FrozenList(Struct, frozen=True):
    """What is published before a draw: the record, and the two files that it names."""

    record: FrozenEntries
    entries: bytes
    left_out: bytes


def leaves_out(policy: SuspicionPolicy) -> bool:
    """Return whether a policy keeps anybody from a draw, so that suspects have to be looked for."""
    return policy.hold is not None or policy.exclude is not None


def freeze_list(
    data: GiveawayData,
    suspects: Mapping[int, Suspect],
    key: bytes,
    *,
    frozen_at: str,
    winners: int,
    substitutes: int,
    randomness: Randomness,
    fewer: bool = False,
    place: LogPlace | None = None,
) -> FrozenList:
    """Return the list of a giveaway: every entrant with chances, but for suspects who are held or excluded.

    Args:
        data: the giveaway.
        suspects: by person hash; those who are only flagged, or take no part, change nothing.
        key: the operator's, for pseudonyms.
        frozen_at: the moment, as records carry it.
        winners: how many will win.
        substitutes: how many follow them.
        randomness: which public random value will be used.
        fewer: whether fewer entrants than winners will do.
        place: the record's in the log of draws.

    Raises:
        FreezeError: nobody takes part, or too few.
    """
    chances = data.entries().chances_of_people()
    if not chances:
        raise FreezeError(f"nobody takes part in the giveaway of {data.definition.campaign_id!r}")
    left_out = {
        number: suspect for number, suspect in suspects.items() if number in chances and suspect.action != "flag"
    }
    entrants = entrants_of(data, key)
    entries = list_text((entrants[number], lots) for number, lots in chances.items() if number not in left_out)
    left_out_text = _left_out_text(left_out, entrants)
    listed = len(chances) - len(left_out)
    if listed < winners and not fewer:
        raise FreezeError(
            f"{listed} entrants for {winners} winners: {winners - listed} places would stay empty; --fewer freezes "
            "anyway"
        )
    record = FrozenEntries(
        place=place,
        campaign_id=data.definition.campaign_id,
        name=data.definition.name,
        frozen_at=frozen_at,
        rules=_rules_with_decisions(data, chances, left_out),
        ledger=ledger_end(data, key),
        entries=listed_file(ENTRIES_FILE, entries),
        chances=sum(lots for number, lots in chances.items() if number not in left_out),
        left_out=listed_file(LEFT_OUT_FILE, left_out_text),
        winners=winners,
        substitutes=substitutes,
        randomness=randomness,
    )
    return FrozenList(record, entries, left_out_text)


def ledger_end(data: GiveawayData, key: bytes) -> LedgerEnd:
    """Return what a record says of the facts that its list was made of, and of records that were passed over."""
    facts = fact_set(data.ledger.facts)
    cleared = tuple(ClearedRecord(place=each.name, sha256=each.sha256) for each in data.ledger.cleared)
    return LedgerEnd(facts=len(facts), digest=facts.digest(key), cleared=cleared)


def event_differences(data: GiveawayData, frozen: FrozenEntries, key: bytes) -> list[str]:
    """Return in what a ledger is not the one that a list was made of; nothing for records that have no digest of it."""
    if frozen.ledger.digest is None:
        return []
    now = ledger_end(data, key)
    if (now.facts, now.digest) == (frozen.ledger.facts, frozen.ledger.digest):
        return []
    count = "the same number" if now.facts == frozen.ledger.facts else f"{now.facts}, frozen were {frozen.ledger.facts}"
    return [f"events: the facts are others than those of the list ({count}): {now.digest}, not {frozen.ledger.digest}"]


def entrants_of(data: GiveawayData, key: bytes) -> dict[int, str]:
    """Return everybody's pseudonym under a key, by person hash."""
    return {
        number: entrant_of(receipt_of(key, person.platform, person.author_id), person.platform, person.author_id)
        for number, person in data.people.items()
    }


def _left_out_text(left_out: Mapping[int, Suspect], entrants: Mapping[int, str]) -> bytes:
    lines = []
    for number, suspect in left_out.items():
        by_hand = [] if suspect.held_by is None else [BY_HAND]
        reasons = ",".join([*by_hand, *(each.reason for each in suspect.findings)])
        lines.append(f"{entrants[number]} {suspect.action} {suspect.score:.4f} {reasons}\n")
    return "".join(sorted(lines)).encode()


def public_rules(rules: GiveawayRules) -> dict[str, object]:
    """Return rules for everybody: lists of accounts are personal data and become their lengths."""
    shown: dict[str, Any] = msgspec.to_builtins(rules)
    for name in _ACCOUNT_LISTS:
        shown[name] = len(shown[name])
    shown["suspicion"]["cleared"] = len(shown["suspicion"]["cleared"])
    return shown


def _rules_with_decisions(
    data: GiveawayData, chances: Mapping[int, int], left_out: Mapping[int, Suspect]
) -> dict[str, object]:
    """Return the rules, and how many entrants were held and cleared by hand, where anybody was."""
    shown: dict[str, Any] = public_rules(data.rules)
    held = sum(each.held_by is not None for each in left_out.values())
    cleared = sum(each.decision == "clear" and number in chances for number, each in data.decided())
    if held or cleared:
        shown["suspicion"][BY_HAND] = {"held": held, "cleared": cleared}
    return shown


def listed_file(name: str, text: bytes) -> ListedFile:
    """Describe a list."""
    return ListedFile(file=name, sha256=hashlib.sha256(text).hexdigest(), lines=text.count(b"\n"))
