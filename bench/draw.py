"""A draw over a million entrants: making the list, drawing, verifying. In process, as the commands do it."""

import hashlib
from time import perf_counter
from typing import Final

from bench.figures import Figure, Say, at_most
from bench.stack import Cores
from models.draws import DrawRecord, FrozenEntries, LedgerEnd, ListedFile, Randomness
from streams.giveaway.draw import derivation_of, draw, entrant_of, list_text, read_list, receipt_of
from streams.giveaway.verification import Published, differences

NAME: Final = "draw"
ENTRANTS: Final = 1_000_000
_WINNERS: Final = 100
_KEY: Final = bytes(range(32))


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure each step over ``events`` entrants (a million by default), one to five chances each."""
    count = events or ENTRANTS
    say(f"pseudonyms of {count:,} entrants")
    began = perf_counter()
    entrants = [entrant_of(receipt_of(_KEY, "instagram", str(n)), "instagram", str(n)) for n in range(count)]
    text = list_text((entrant, 1 + n % 5) for n, entrant in enumerate(entrants))
    sha256 = hashlib.sha256(text).hexdigest()
    frozen_seconds = perf_counter() - began
    frozen = FrozenEntries(
        campaign_id="bench",
        name="bench",
        frozen_at="",
        rules={},
        ledger=LedgerEnd(facts=count, digest=sha256),
        entries=ListedFile(file="entries.txt", sha256=sha256, lines=count),
        chances=sum(1 + n % 5 for n in range(count)),
        left_out=ListedFile(file="left-out.txt", sha256=hashlib.sha256(b"").hexdigest(), lines=0),
        winners=_WINNERS,
        substitutes=_WINNERS,
        randomness=Randomness(source="bench"),
    )
    say("drawing")
    began = perf_counter()
    entries = read_list(text)
    drawn = draw(entries, derivation_of(frozen, sha256, "a public random value"), 2 * _WINNERS)
    draw_seconds = perf_counter() - began
    record = DrawRecord(
        frozen=sha256,
        randomness="a public random value",
        origin="text",
        drawn_at="",
        winners=tuple(drawn[:_WINNERS]),
        substitutes=tuple(drawn[_WINNERS:]),
    )
    say("verifying")
    began = perf_counter()
    found = differences(Published(frozen=frozen, commitment=sha256, entries=text, left_out=b"", draw=record))
    verify_seconds = perf_counter() - began
    if found:
        raise RuntimeError(f"a true record differs: {found}")
    what = f"{count:,} entrants, {entries.total:,} chances"
    return [
        Figure(benchmark=NAME, name="list of entrants", value=frozen_seconds, unit="s", note=f"{what}; salted, sorted"),
        at_most(
            Figure(
                benchmark=NAME,
                name=f"draw of {_WINNERS} winners and {_WINNERS} substitutes",
                value=draw_seconds,
                unit="s",
                note="reading the list included",
            ),
            10.0,
            "10 s",
        ),
        Figure(benchmark=NAME, name="verify", value=verify_seconds, unit="s", note="hash, list and draw"),
    ]
