"""The draw: from a published list and a public random value to winners, the same on any machine.

The protocol, in full (``docs/giveaway.md`` has it as a shell script):

* Entrant: ``receipt`` = HMAC-SHA256(key, platform, newline, author id), 64 hex digits; ``entrant`` = the first 32 hex
  digits of SHA-256(receipt, newline, platform, newline, author id). The key stays with the operator.
* List: lines ``ENTRANT CHANCES``, sorted, each ended by a newline. Chances are lots: the first line owns the lots
  0 .. chances - 1, the next one those after them, ``total`` in all.
* Numbers: for counter 0, 1, 2, ... the first 15 hex digits of HMAC-SHA256(random value, ``campaign-pulse draw 2``,
  newline, SHA-256 of the list's file, newline, counter) as a number below 2^60. One that is not below the largest
  multiple of ``total`` that fits in 2^60 is skipped (no lot is likelier than another); the rest of the division by
  ``total`` is the lot. A lot of somebody who has been drawn already, or is excluded, is skipped.
* The first are the winners, in order, then come the substitutes.
"""

import hashlib
import hmac
import re
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct

from models.draws import Drawn, FrozenEntries
from streams.columns.arrays import I64

NUMBERS_BELOW: Final = 1 << 60
_HEX_DIGITS: Final = 15
_LINE: Final = re.compile(rb"([0-9a-f]{32}) ([1-9][0-9]{0,8})\n")
_ENTRANT_DIGITS: Final = 32
_PROTOCOL_1: Final = "campaign-pulse draw 1"
_PROTOCOL_2: Final = "campaign-pulse draw 2"
OF_COMMITMENT: Final = ("campaign-pulse frozen entries 1", "campaign-pulse frozen entries 2")
"""Formats of frozen records whose draws are of protocol 1."""


class DrawError(ValueError):
    """A list or a record that no draw can be made of; the message says where."""


class EntryList(Struct, frozen=True):
    """A list as it is drawn from: entrants in order, their chances, and the running sum of chances."""

    entrants: list[str]
    chances: I64
    sums: I64

    @property
    def total(self) -> int:
        """All lots."""
        return int(self.sums[-1]) if len(self.sums) else 0


def receipt_of(key: bytes, platform: str, author_id: str) -> str:
    """Return what an entrant needs to find themselves in the list, and nobody else can compute."""
    return hmac.digest(key, f"{platform}\n{author_id}".encode(), "sha256").hex()


def entrant_of(receipt: str, platform: str, author_id: str) -> str:
    """Return the pseudonym under which an entrant is listed."""
    return hashlib.sha256(f"{receipt}\n{platform}\n{author_id}".encode()).hexdigest()[:_ENTRANT_DIGITS]


def list_text(chances_of: Iterable[tuple[str, int]]) -> bytes:
    """Return the list's file of entrants and their chances."""
    return "".join(sorted(f"{entrant} {chances}\n" for entrant, chances in chances_of)).encode()


def read_list(text: bytes) -> EntryList:
    """Read a list's file.

    Raises:
        DrawError: a line is not ``ENTRANT CHANCES``, or out of order, or an entrant stands there twice.
    """
    found = _LINE.findall(text)
    entrants = [entrant.decode() for entrant, _ in found]
    if sum(len(entrant) + len(chances) + 2 for entrant, chances in found) != len(text):
        for number, line in enumerate(text.splitlines(keepends=True), start=1):
            if not _LINE.fullmatch(line):
                raise DrawError(f"line {number}: {line[:80]!r} is not ENTRANT CHANCES")
    for number, (before, entrant) in enumerate(pairwise(entrants), start=2):
        if before >= entrant:
            raise DrawError(f"line {number}: {entrant} does not come after {before}")
    chances = np.array([int(chances) for _, chances in found], dtype=np.int64)
    return EntryList(entrants, chances, np.cumsum(chances))


class Derivation(Struct, frozen=True):
    """What the sequence of numbers follows from: the protocol's name, what is drawn from (a hash), the random value."""

    protocol: str
    anchor: str
    randomness: str


def derivation_of(frozen: FrozenEntries, commitment: str, randomness: str) -> Derivation:
    """Return what the numbers of a draw follow from.

    Since format 3 of frozen records: the list and the random value, so that nothing else that a record says (a name, a
    time, a reason) changes who wins. Before, it was the commitment, the hash of the whole record.
    """
    if frozen.format in OF_COMMITMENT:
        return Derivation(_PROTOCOL_1, commitment, randomness)
    return Derivation(_PROTOCOL_2, frozen.entries.sha256, randomness)


def numbers(derivation: Derivation) -> Iterator[tuple[int, int]]:
    """Yield counters and numbers below 2^60, for ever."""
    key = derivation.randomness.encode()
    counter = 0
    while True:
        message = f"{derivation.protocol}\n{derivation.anchor}\n{counter}".encode()
        yield counter, int(hmac.digest(key, message, "sha256").hex()[:_HEX_DIGITS], 16)
        counter += 1


def draw(
    entries: EntryList, derivation: Derivation, count: int, excluded: Collection[str] = frozenset()
) -> list[Drawn]:
    """Return the first ``count`` drawn who are not excluded, or everybody when there are fewer.

    Args:
        entries: the list.
        derivation: what the numbers follow from.
        count: winners and substitutes together.
        excluded: entrants who are passed over.

    Raises:
        DrawError: the list is empty.
    """
    total = entries.total
    if not total:
        raise DrawError("the list is empty: there is nobody to draw")
    fair = NUMBERS_BELOW - NUMBERS_BELOW % total
    drawn: dict[int, Drawn] = {}
    passed_over = set(excluded).intersection(entries.entrants)
    wanted = min(count, len(entries.entrants) - len(passed_over))
    for counter, number in numbers(derivation):
        if len(drawn) >= wanted:
            break
        if number >= fair:
            continue
        lot = number % total
        place = int(np.searchsorted(entries.sums, lot, side="right"))
        if place not in drawn and entries.entrants[place] not in passed_over:
            drawn[place] = Drawn(entrant=entries.entrants[place], counter=counter, lot=lot)
    return list(drawn.values())


def unfilled_places(frozen: FrozenEntries, excluded: int = 0) -> int:
    """Return for how many of the places, winners' and substitutes', there is no entrant.

    Args:
        frozen: the list.
        excluded: how many of the list were excluded since.
    """
    return max(0, frozen.winners + frozen.substitutes - (frozen.entries.lines - excluded))
