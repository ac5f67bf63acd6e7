"""The draw: the same everywhere, uniform, weighted by chances, without repetition; changes are found."""

import hashlib
import hmac
import json
import subprocess
from collections import Counter
from pathlib import Path

import msgspec
import numpy as np
import pytest

from models.draws import Drawn, DrawRecord, FrozenEntries, LedgerEnd, ListedFile, LogPlace, Randomness
from streams.giveaway.draw import (
    Derivation,
    DrawError,
    EntryList,
    derivation_of,
    draw,
    entrant_of,
    list_text,
    numbers,
    read_list,
    receipt_of,
)
from streams.giveaway.verification import Published, differences

COMMITMENT = hashlib.sha256(b"frozen").hexdigest()


def of_list(text: bytes, randomness: str) -> Derivation:
    """What the numbers of a draw from a list follow from."""
    return Derivation("campaign-pulse draw 2", hashlib.sha256(text).hexdigest(), randomness)


def drawn_from(entries: EntryList, randomness: str, count: int) -> list[Drawn]:
    """Draw from a list, whatever its hash may be."""
    return draw(entries, Derivation("campaign-pulse draw 2", COMMITMENT, randomness), count)


def differing(frozen: FrozenEntries, commitment: str, text: bytes, left_out: bytes, record: DrawRecord) -> list[str]:
    """What differs in a draw without exclusions and log."""
    published = Published(frozen=frozen, commitment=commitment, entries=text, left_out=left_out, draw=record)
    return differences(published)


def listed(people: int, chances: int = 1) -> bytes:
    """Return a list of people with equal chances."""
    return list_text((hashlib.sha256(str(n).encode()).hexdigest()[:32], chances) for n in range(people))


def by_hand(text: str, randomness: str, count: int) -> list[str]:
    """Recompute a draw as the protocol says it, one lot a list item, without the product's code."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    lots = [line.split()[0] for line in text.splitlines() for _ in range(int(line.split()[1]))]
    drawn: list[str] = []
    counter = 0
    while len(drawn) < min(count, len(set(lots))):
        message = f"campaign-pulse draw 2\n{sha256}\n{counter}"
        number = int(hmac.new(randomness.encode(), message.encode(), hashlib.sha256).hexdigest()[:15], 16)
        counter += 1
        if number < 2**60 // len(lots) * len(lots) and lots[number % len(lots)] not in drawn:
            drawn.append(lots[number % len(lots)])
    return drawn


def frozen_of(text: bytes, winners: int = 3, substitutes: int = 2) -> FrozenEntries:
    """Return a frozen record of a list."""
    entries = read_list(text)
    return FrozenEntries(
        campaign_id="spring",
        name="Spring",
        frozen_at="2026-04-18T20:05:00Z",
        rules={},
        ledger=LedgerEnd(topic="campaign.entries.v1", offsets={"0": 17}),
        entries=ListedFile(file="entries.txt", sha256=hashlib.sha256(text).hexdigest(), lines=len(entries.entrants)),
        chances=entries.total,
        left_out=ListedFile(file="left-out.txt", sha256=hashlib.sha256(b"").hexdigest(), lines=0),
        winners=winners,
        substitutes=substitutes,
        randomness=Randomness(source="dice"),
    )


@pytest.mark.parametrize("randomness", ["0", "a public string", "8d3c…é", "f" * 64])
def test_a_draw_is_what_the_protocol_says(randomness: str) -> None:
    """A second implementation, written from the protocol, draws the same people in the same order."""
    text = list_text((hashlib.sha256(str(n).encode()).hexdigest()[:32], 1 + n % 4) for n in range(50))
    drawn = draw(read_list(text), of_list(text, randomness), 12)
    assert [each.entrant for each in drawn] == by_hand(text.decode(), randomness, 12)
    assert len({each.entrant for each in drawn}) == 12


def test_one_draw_never_changes() -> None:
    """A known list, commitment and value give these winners, today and with any later version."""
    drawn = draw(read_list(listed(1000)), Derivation("campaign-pulse draw 1", COMMITMENT, "known"), 2)
    assert [(each.entrant, each.counter) for each in drawn] == [
        ("e0f05da93a0f5a86a3be5fc0e3016065", 0),
        ("b543b2a3edcc48cc0f9d715952267338", 1),
    ]


def test_the_choice_is_uniform() -> None:
    """Over 20,000 draws of one of 20, chi-square stays below its 99.9 % quantile for 19 degrees of freedom, 43.8."""
    entries = read_list(listed(20))
    counts = Counter(drawn_from(entries, f"seed {n}", 1)[0].entrant for n in range(20_000))
    observed = np.array([counts[entrant] for entrant in entries.entrants])
    assert float(((observed - 1000) ** 2 / 1000).sum()) < 43.8


def test_chances_weigh() -> None:
    """Who has three chances of ten is drawn first in three of ten draws; chi-square, 3 degrees of freedom, 99.9 %."""
    text = list_text((f"{n:032x}", n) for n in (1, 2, 3, 4))
    entries = read_list(text)
    counts = Counter(drawn_from(entries, f"seed {n}", 1)[0].entrant for n in range(10_000))
    assert sum((counts[f"{n:032x}"] - 1000 * n) ** 2 / (1000 * n) for n in (1, 2, 3, 4)) < 16.27


def test_numbers_that_would_favour_somebody_are_skipped() -> None:
    """With a list whose size does not divide 2^60 no lot above the last full multiple is used."""
    total = 2**59 + 1
    entries = msgspec.structs.replace(
        read_list(listed(2)), chances=np.array([2**58, 2**58 + 1]), sums=np.array([2**58, total])
    )
    # Half of all numbers lie above the only full multiple.
    for n in range(20):
        [drawn] = drawn_from(entries, f"seed {n}", 1)
        message = f"campaign-pulse draw 2\n{COMMITMENT}\n{drawn.counter}".encode()
        assert int(hmac.new(f"seed {n}".encode(), message, hashlib.sha256).hexdigest()[:15], 16) == drawn.lot < total


def test_everybody_is_drawn_when_places_outnumber_people() -> None:
    """With fewer entrants than places all are drawn once, and nothing waits for ever."""
    assert len({each.entrant for each in drawn_from(read_list(listed(4)), "x", 10)}) == 4
    with pytest.raises(DrawError, match="empty"):
        drawn_from(read_list(b""), "x", 1)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"%s 1\n%s 1\n" % (b"b" * 32, b"a" * 32), "line 2: a+ does not come after"),
        (b"%s 1\n%s 1\n" % (b"a" * 32, b"a" * 32), "line 2"),
        (b"%s 0\n" % (b"a" * 32), "line 1: .* is not ENTRANT CHANCES"),
        (b"%s 1\nhello\n" % (b"a" * 32), "line 2: b'hello.n' is not"),
        (b"%s 1" % (b"a" * 32), "line 1"),
        (b"x%s 1\n" % (b"a" * 32), "line 1"),
    ],
)
def test_a_list_that_is_none_is_refused(text: bytes, problem: str) -> None:
    """Out of order, twice, without chances, or something else: the line is named."""
    with pytest.raises(DrawError, match=problem):
        read_list(text)


def test_verification_finds_every_change() -> None:
    """A true record has no differences; another list, value, commitment or winner has, and it is said which."""
    text = listed(30, 2)
    frozen = frozen_of(text)
    drawn = draw(read_list(text), of_list(text, "value"), 5)
    record = DrawRecord(
        frozen=COMMITMENT,
        randomness="value",
        origin="text",
        drawn_at="",
        winners=tuple(drawn[:3]),
        substitutes=tuple(drawn[3:]),
    )
    assert differing(frozen, COMMITMENT, text, b"", record) == []
    for place in (0, 7, 29):
        lines = text.splitlines(keepends=True)
        changed = b"".join([*lines[:place], lines[place].replace(b" 2", b" 3"), *lines[place + 1 :]])
        assert any("entry list: SHA-256" in each for each in differing(frozen, COMMITMENT, changed, b"", record))
        assert any("61 chances" in each for each in differing(frozen, COMMITMENT, changed, b"", record))
        fewer = b"".join([*lines[:place], *lines[place + 1 :]])
        assert any("29 entrants" in each for each in differing(frozen, COMMITMENT, fewer, b"", record))
    other = msgspec.structs.replace(record, randomness="another")
    assert any(each.startswith("winner 1: published") for each in differing(frozen, COMMITMENT, text, b"", other))
    swapped = msgspec.structs.replace(record, winners=(drawn[1], drawn[0], drawn[2]))
    assert len(differing(frozen, COMMITMENT, text, b"", swapped)) == 2
    short = msgspec.structs.replace(record, substitutes=record.substitutes[:1])
    assert differing(frozen, COMMITMENT, text, b"", short) == ["substitutes: 1 published, 2 recomputed"]
    bots = b"%s exclude 0.95 burst\n" % (b"a" * 32)
    assert [each[:17] for each in differing(frozen, COMMITMENT, text, bots, record)] == ["left out: SHA-256"]
    emptier = msgspec.structs.replace(record, unfilled=2)
    found = differing(frozen, COMMITMENT, text, b"", emptier)
    assert found == ["unfilled places: 2 published, 0 recomputed"]
    assert any(each.startswith("frozen record") for each in differing(frozen, "0" * 64, text, b"", record))


def test_a_receipt_finds_its_entrant_and_nobody_elses() -> None:
    """The pseudonym follows from receipt, platform and id; another key, platform or person gives another."""
    receipt = receipt_of(b"k" * 32, "instagram", "17841")
    entrant = entrant_of(receipt, "instagram", "17841")
    assert entrant == hashlib.sha256(f"{receipt}\ninstagram\n17841".encode()).hexdigest()[:32]
    assert receipt != receipt_of(b"j" * 32, "instagram", "17841")
    assert entrant != entrant_of(receipt_of(b"k" * 32, "tiktok", "17841"), "tiktok", "17841")


def test_records_refuse_unknown_fields() -> None:
    """A record with a field that is not of the protocol is no record."""
    document = json.loads(msgspec.json.encode(frozen_of(listed(2))))
    msgspec.convert(document, FrozenEntries)
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**document, "note": "x"}, FrozenEntries)


DOCS = (Path(__file__).parents[4] / "docs" / "giveaway.md").read_text(encoding="utf-8")


def in_shell(path: Path, randomness: str, count: int, *excluded: str) -> list[str]:
    """Draw with the shell function that docs/giveaway.md shows."""
    script = DOCS.partition("```bash\n")[2].partition("\n}\n")[0] + '\n}\nverify "$@"'
    done = subprocess.run(
        ["bash", "-euc", script, "draw", str(path), randomness, str(count), *excluded],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def test_a_shell_script_draws_the_same(tmp_path: Path) -> None:
    """The few lines of plain shell in the documentation recompute a draw."""
    text = list_text((hashlib.sha256(str(n).encode()).hexdigest()[:32], 1 + n % 3) for n in range(300))
    path = tmp_path / "entries.txt"
    path.write_bytes(text)
    expected = [each.entrant for each in draw(read_list(text), of_list(text, "a value"), 6)]
    assert in_shell(path, "a value", 6) == expected


def test_the_worked_example_is_right(tmp_path: Path) -> None:
    """List, hash, numbers and winners of the example in docs/giveaway.md are what the program and a shell get."""
    text = DOCS.partition("```text\n")[2].partition("```")[0].encode()
    assert hashlib.sha256(text).hexdigest() in DOCS
    derivation = of_list(text, "dice 4 2 6")
    drawn = draw(read_list(text), derivation, 3)
    assert [(each.entrant[:4], each.counter, each.lot) for each in drawn] == [
        ("8535", 0, 2),
        ("a6ae", 3, 4),
        ("7467", 7, 0),
    ]
    assert next(numbers(derivation)) == (0, 0xEC7E3FEAFF017C8)
    (tmp_path / "entries.txt").write_bytes(text)
    assert in_shell(tmp_path / "entries.txt", "dice 4 2 6", 3) == [each.entrant for each in drawn]


def test_who_is_excluded_is_passed_over(tmp_path: Path) -> None:
    """The order stays: without the second of six, the others follow as before; the shell agrees."""
    text = listed(30)
    everybody = [each.entrant for each in draw(read_list(text), of_list(text, "v"), 6)]
    without = draw(read_list(text), of_list(text, "v"), 5, {everybody[1]})
    assert [each.entrant for each in without] == [everybody[0], *everybody[2:]]
    (tmp_path / "entries.txt").write_bytes(text)
    assert in_shell(tmp_path / "entries.txt", "v", 5, everybody[1]) == [each.entrant for each in without]
    assert draw(read_list(text), of_list(text, "v"), 5, set(read_list(text).entrants)) == []


def test_nothing_free_changes_who_wins() -> None:
    """Source, name, times, ledger and place in the log of a frozen record change its commitment, and no winner."""
    text = listed(50)
    frozen = frozen_of(text)
    expected = derivation_of(frozen, COMMITMENT, "value")
    place = LogPlace(number=9, attempt=3, previous=COMMITMENT, reason="because")
    for change in (
        {"randomness": Randomness(source="other words")},
        {"name": "Autumn"},
        {"campaign_id": "autumn"},
        {"frozen_at": "2026-04-18T20:05:01Z"},
        {"ledger": LedgerEnd(topic="campaign.entries.v1", offsets={"0": 18})},
        {"rules": {"friends": 1}},
        {"winners": 4},
        {"place": place},
    ):
        other = msgspec.structs.replace(frozen, **change)
        assert derivation_of(other, hashlib.sha256(str(change).encode()).hexdigest(), "value") == expected
    old = msgspec.structs.replace(frozen, format="campaign-pulse frozen entries 2")
    assert derivation_of(old, COMMITMENT, "value") == Derivation("campaign-pulse draw 1", COMMITMENT, "value")
