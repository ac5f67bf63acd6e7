"""The draw: from a published list and a public random value to winners, the same on any machine.

The protocol, in full (``docs/giveaway.md`` has it as a shell script):

* Entrant: ``receipt`` = HMAC-SHA256(key, platform, newline, author id), 64 hex digits; ``entrant`` = the first 32 hex
  digits of SHA-256(receipt, newline, platform, newline, author id). The key stays with the operator.
* List: lines ``ENTRANT CHANCES``, sorted, each ended by a newline. Chances are lots: the first line owns the lots
  0 .. chances - 1, the next one those after them, ``total`` in all.
* Numbers: for counter 0, 1, 2, ... the first 15 hex digits of HMAC-SHA256(random value, ``campaign-pulse draw 1``,
  newline, commitment, newline, counter) as a number below 2^60. One that is not below the largest multiple of
  ``total`` that fits in 2^60 is skipped (no lot is likelier than another); the rest of the division by ``total`` is the
  lot. A lot of somebody who has been drawn already is skipped.
* The first are the winners, in order, then come the substitutes.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from msgspec import Struct

from models.draws import Drawn, DrawRecord, FrozenEntries, ListedFile
from streams.columns.arrays import I64
from streams.giveaway.provenance import announcement_differences, origin_differences

NUMBERS_BELOW: Final = 1 << 60
_HEX_DIGITS: Final = 15
_LINE: Final = re.compile(rb"([0-9a-f]{32}) ([1-9][0-9]{0,8})\n")
_ENTRANT_DIGITS: Final = 32


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


def numbers(commitment: str, randomness: str) -> Iterator[tuple[int, int]]:
    """Yield counters and numbers below 2^60, for ever."""
    key = randomness.encode()
    counter = 0
    while True:
        message = f"campaign-pulse draw 1\n{commitment}\n{counter}".encode()
        yield counter, int(hmac.digest(key, message, "sha256").hex()[:_HEX_DIGITS], 16)
        counter += 1


def draw(entries: EntryList, commitment: str, randomness: str, count: int) -> list[Drawn]:
    """Return the first ``count`` drawn, or everybody when there are fewer.

    Args:
        entries: the list.
        commitment: SHA-256 of the frozen record, hex.
        randomness: the public random value.
        count: winners and substitutes together.

    Raises:
        DrawError: the list is empty.
    """
    total = entries.total
    if not total:
        raise DrawError("the list is empty: there is nobody to draw")
    fair = NUMBERS_BELOW - NUMBERS_BELOW % total
    drawn: dict[int, Drawn] = {}
    for counter, number in numbers(commitment, randomness):
        if number >= fair:
            continue
        lot = number % total
        place = int(np.searchsorted(entries.sums, lot, side="right"))
        if place not in drawn:
            drawn[place] = Drawn(entrant=entries.entrants[place], counter=counter, lot=lot)
            if len(drawn) == min(count, len(entries.entrants)):
                break
    return list(drawn.values())


def unfilled_places(frozen: FrozenEntries) -> int:
    """Return for how many of the places, winners' and substitutes', there is no entrant."""
    return max(0, frozen.winners + frozen.substitutes - frozen.entries.lines)


def differences(
    frozen: FrozenEntries, commitment: str, text: bytes, left_out: bytes, record: DrawRecord | None
) -> list[str]:
    """Recompute a draw and return what differs; nothing when all is as published.

    Args:
        frozen: the record made before the draw.
        commitment: SHA-256 of its file.
        text: the list's file.
        left_out: the file of those left out.
        record: the record made after the draw; None to check what was frozen alone.
    """
    found = [
        *_file_differences("entry list", frozen.entries, text),
        *_file_differences("left out", frozen.left_out, left_out),
        *announcement_differences(frozen),
    ]
    try:
        entries = read_list(text)
    except DrawError as error:
        return [*found, f"entry list: {error}"]
    if len(entries.entrants) != frozen.entries.lines:
        found.append(f"entry list: {len(entries.entrants)} entrants, frozen were {frozen.entries.lines}")
    if entries.total != frozen.chances:
        found.append(f"entry list: {entries.total} chances, frozen were {frozen.chances}")
    if record is None:
        return found
    if record.frozen != commitment:
        found.append(f"frozen record: SHA-256 is {commitment}, the draw names {record.frozen}")
    found += origin_differences(frozen, record)
    if record.origin is not None and record.unfilled != unfilled_places(frozen):
        found.append(f"unfilled places: {record.unfilled} published, {unfilled_places(frozen)} recomputed")
    try:
        drawn = draw(entries, commitment, record.randomness, frozen.winners + frozen.substitutes)
    except DrawError as error:
        return [*found, f"draw: {error}"]
    for role, recomputed, published in (
        ("winner", drawn[: frozen.winners], record.winners),
        ("substitute", drawn[frozen.winners :], record.substitutes),
    ):
        found += _role_differences(role, recomputed, published)
    return found


def _file_differences(name: str, listed: ListedFile, data: bytes) -> list[str]:
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != listed.sha256:
        return [f"{name}: SHA-256 is {sha256}, frozen was {listed.sha256}"]
    lines = data.count(b"\n")
    return [] if lines == listed.lines else [f"{name}: {lines} lines, frozen were {listed.lines}"]


def _role_differences(role: str, recomputed: Sequence[Drawn], published: Sequence[Drawn]) -> list[str]:
    found = []
    if len(recomputed) != len(published):
        found.append(f"{role}s: {len(published)} published, {len(recomputed)} recomputed")
    for place, (right, shown) in enumerate(zip(recomputed, published, strict=False), start=1):
        if right != shown:
            found.append(
                f"{role} {place}: published {shown.entrant} (counter {shown.counter}, lot {shown.lot}), "
                f"recomputed {right.entrant} (counter {right.counter}, lot {right.lot})"
            )
    return found
