"""The frozen list of a draw: who is on it, who is left out, and that nobody can be recognised."""

import hashlib
from typing import Any

import msgspec
import pytest

from models.draws import FrozenEntries, ListedFile, Randomness
from models.suspicion import Finding, Suspect, SuspicionPolicy
from streams.giveaway.draw import entrant_of, read_list, receipt_of
from streams.giveaway.freeze import FreezeError, FrozenList, freeze_list, leaves_out, public_rules
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.verification import Published, differences
from streams.ledger.collector import person_hash
from tests.unit.ledgers import block, comment, loaded

KEY = bytes(range(32))


def entrant(author: str) -> str:
    """The pseudonym of an author."""
    return entrant_of(receipt_of(KEY, "tiktok", f"id-{author}"), "tiktok", f"id-{author}")


def suspect(action: str, *reasons: str) -> Suspect:
    """A suspect with reasons."""
    findings = tuple(Finding(reason=reason, strength=1.0, detail="") for reason in reasons)  # type: ignore[arg-type]
    return Suspect(person="", handle="", score=0.8765432, action=action, entries=1, findings=findings)  # type: ignore[arg-type]


def frozen(data: GiveawayData, suspects: dict[int, Suspect] | None = None) -> FrozenList:
    """The list, for one winner and two substitutes."""
    return freeze_list(
        data,
        suspects or {},
        KEY,
        frozen_at="2026-04-18T20:05:00Z",
        winners=1,
        substitutes=2,
        randomness=Randomness(source="dice"),
    )


def giveaway(**rules: Any) -> GiveawayData:
    """Mia has tagged two friends, leo and noa one each."""
    texts = {"mia": "@leo @noa", "leo": "@mia", "noa": "@mia"}
    comments = [comment(number, author, text) for number, (author, text) in enumerate(texts.items())]
    return loaded(block(*comments), friends=1, chances="per_friend", most_chances=3, **rules)


def listed(name: str, text: bytes) -> ListedFile:
    """What a record must say of a file."""
    return ListedFile(file=name, sha256=hashlib.sha256(text).hexdigest(), lines=text.count(b"\n"))


def test_a_list_has_every_entrant_under_a_pseudonym_with_chances() -> None:
    """Sorted, and as the record describes it; a draw finds nothing that differs."""
    found = frozen(giveaway())
    chances = {"mia": 2, "leo": 1, "noa": 1}
    assert found.entries == "".join(sorted(f"{entrant(name)} {lots}\n" for name, lots in chances.items())).encode()
    assert found.left_out == b""
    assert found.record == FrozenEntries(
        campaign_id="c",
        name="C",
        frozen_at="2026-04-18T20:05:00Z",
        rules=public_rules(giveaway().rules),
        ledger=found.record.ledger,
        entries=listed("entries.txt", found.entries),
        chances=4,
        left_out=listed("left-out.txt", b""),
        winners=1,
        substitutes=2,
        randomness=Randomness(source="dice"),
    )
    published = Published(frozen=found.record, commitment="commitment", entries=found.entries, left_out=found.left_out)
    assert differences(published) == []


def test_suspects_who_are_held_or_excluded_are_left_out_with_reasons() -> None:
    """Their chances are none of the list's; who is only flagged stays, and who takes no part is in neither list."""
    suspects = {
        person_hash("tiktok", "id-mia"): suspect("exclude", "burst", "ring"),
        person_hash("tiktok", "id-leo"): suspect("hold", "ring"),
        person_hash("tiktok", "id-noa"): suspect("flag", "ring"),
        person_hash("tiktok", "id-somebody"): suspect("exclude", "ring"),
    }
    found = frozen(giveaway(), suspects)
    lines = [f"{entrant('mia')} exclude 0.8765 burst,ring\n", f"{entrant('leo')} hold 0.8765 ring\n"]
    assert found.left_out == "".join(sorted(lines)).encode()
    assert read_list(found.entries).entrants == [entrant("noa")]
    assert (found.record.chances, found.record.entries.lines, found.record.left_out.lines) == (1, 1, 2)


def test_nothing_that_is_published_names_anybody() -> None:
    """No author id, no handle, and of lists of accounts nothing but their lengths."""
    data = giveaway(excluded=("@eva", "@jan"), suspicion=SuspicionPolicy(cleared=("@cleared",)))
    found = frozen(data, {person_hash("tiktok", "id-mia"): suspect("hold", "ring")})
    published = msgspec.json.encode(found.record) + found.entries + found.left_out
    for name in (b"mia", b"leo", b"noa", b"eva", b"jan", b"@cleared", b"id-"):
        assert name not in published
    assert found.record.rules["excluded"] == 2
    assert msgspec.to_builtins(found.record)["rules"]["suspicion"]["cleared"] == 1


def test_a_giveaway_in_which_nobody_takes_part_is_not_frozen() -> None:
    """The error names the campaign; entries that break a rule are no entries."""
    with pytest.raises(FreezeError, match="nobody takes part in the giveaway of 'c'"):
        frozen(loaded(block(comment(1, "mia", "no friend")), friends=1))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (SuspicionPolicy(), False),
        (SuspicionPolicy(flag=0.1), False),
        (SuspicionPolicy(hold=0.9), True),
        (SuspicionPolicy(exclude=0.9), True),
    ],
)
def test_suspects_are_looked_for_only_when_a_policy_leaves_some_out(policy: SuspicionPolicy, expected: bool) -> None:
    """A policy that only flags costs a freeze nothing."""
    assert leaves_out(policy) is expected
