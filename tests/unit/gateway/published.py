"""The example of docs/giveaway.md (By hand) as published files: three entrants, five lots, the dice 4 2 6."""

import hashlib
import json
from pathlib import Path

import msgspec

from models.draws import Drawn, DrawRecord, FrozenEntries, LedgerEnd, ListedFile, Randomness
from models.published_draws import PEOPLE_FILE, WINNERS_FILE, AgreedWinner, ListedPeople, mark_of

ENTRIES = (
    b"7467b914d771fcfd9291894768fa5454 1\n8535e86c8118bbbb0a18ac72d15d3a2b 3\na6ae07ad556c5f9348cc09c16ed17a43 1\n"
)
LEFT_OUT = b"00000000000000000000000000000b07 exclude 0.90 burst\n"


def _listed(name: str, data: bytes) -> ListedFile:
    return ListedFile(file=name, sha256=hashlib.sha256(data).hexdigest(), lines=data.count(b"\n"))


FROZEN = msgspec.json.encode(
    FrozenEntries(
        campaign_id="spring",
        name="Spring <b>",
        frozen_at="2026-04-18T20:00:00Z",
        rules={"chances": "per_person", "winners": 1},
        ledger=LedgerEnd(facts=4, digest="0" * 64),
        entries=_listed("entries.txt", ENTRIES),
        chances=5,
        left_out=_listed("left-out.txt", LEFT_OUT),
        winners=1,
        substitutes=1,
        randomness=Randomness(source="three dice <b>"),
    )
)
COMMITMENT = hashlib.sha256(FROZEN).hexdigest()
# docs/giveaway.md: counter 0 falls on lot 2, which is 8535's; counter 3 on lot 4, a6ae's.
DRAW = msgspec.json.encode(
    DrawRecord(
        frozen=COMMITMENT,
        randomness="dice 4 2 6",
        origin="text",
        drawn_at="2026-04-18T21:00:00Z",
        winners=(Drawn(entrant="8535e86c8118bbbb0a18ac72d15d3a2b", counter=0, lot=2),),
        substitutes=(Drawn(entrant="a6ae07ad556c5f9348cc09c16ed17a43", counter=3, lot=4),),
    )
)


def publish_example(folder: Path) -> None:
    """Write the files as `giveaway publish` leaves them."""
    folder.mkdir(parents=True)
    salt = hashlib.sha256(str(folder).encode()).hexdigest()
    people = {"mia": "8535e86c8118bbbb0a18ac72d15d3a2b", "bot": "00000000000000000000000000000b07"}
    marks = {mark_of(salt, handle): (entrant,) for handle, entrant in people.items()}
    agreed = [AgreedWinner(place=1, name="<b>@mia</b>")]
    for name, data in {
        "frozen.json": FROZEN,
        "entries.txt": ENTRIES,
        "left-out.txt": LEFT_OUT,
        "draw.json": DRAW,
        WINNERS_FILE: msgspec.json.encode(agreed),
        PEOPLE_FILE: json.dumps(msgspec.to_builtins(ListedPeople(salt=salt, entrants=marks))).encode(),
        "secret.key": b"k" * 32,
    }.items():
        (folder / name).write_bytes(data)
