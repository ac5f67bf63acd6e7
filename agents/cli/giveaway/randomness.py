"""The public random value of a draw: from the command line, a file, or an address of the operator's choice."""

from http.client import HTTPException
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from msgspec import Struct

from models.draws import DrandChain, DrandRound, Origin, Randomness
from streams.giveaway.drand import DrandError, known_chain, randomness_of, read_answer, read_chain
from streams.giveaway.provenance import chains_of

_TIMEOUT_SECONDS: Final = 15
_MOST_BYTES: Final = 100_000
_MOST_CHARACTERS: Final = 10_000
_DOCUMENT_STARTS: Final = ("{", "[", "<")


class RandomnessError(RuntimeError):
    """No value, or not the one that was announced; one line, for users."""


class DrawnValue(Struct, frozen=True):
    """A random value and what proves it; ``chain`` where the announcement names none."""

    randomness: str
    origin: Origin
    drand: DrandRound | None = None
    chain: DrandChain | None = None


def fetch(place: str) -> str:
    """Return the text at an http(s) address or in a file.

    Raises:
        RandomnessError: it cannot be read, or is too large to be a random value.
    """
    try:
        if urlsplit(place).scheme in ("http", "https"):
            with urlopen(place, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310  # the schemes are checked above
                data = answer.read(_MOST_BYTES + 1)
        else:
            with Path(place).open("rb") as stream:
                data = stream.read(_MOST_BYTES + 1)
    except (URLError, HTTPException, OSError, ValueError) as error:
        raise RandomnessError(f"{place}: {error}") from None
    if len(data) > _MOST_BYTES:
        raise RandomnessError(f"{place}: larger than {_MOST_BYTES} bytes")
    try:
        return str(data.decode())
    except UnicodeDecodeError:
        raise RandomnessError(f"{place}: not UTF-8") from None


def chain_at(place: str) -> DrandChain:
    """Return a chain by name or hash (those known), or from drand's ``/info`` in a file or at an address.

    Raises:
        RandomnessError: there is none.
    """
    known = known_chain(place)
    if known is not None:
        return known
    try:
        return read_chain(fetch(place))
    except (RandomnessError, DrandError) as error:
        raise RandomnessError(f"{place} is no known chain, and no /info of one: {error}") from None


def value_of(text: str, announced: Randomness, *, unproved: bool = False) -> DrawnValue:
    """Return the random value in a text: that of the announced drand round, or the text itself where none was.

    Args:
        text: drand's answer, or a value of another source.
        announced: what the frozen record says.
        unproved: take a text although it does not prove to be the announced round.

    Raises:
        RandomnessError: nothing is there, or it is not what was announced.
    """
    text = text.strip()
    if not text:
        raise RandomnessError("the random value is empty")
    if announced.round is not None and not unproved:
        return _round_of(text, announced, announced.round)
    if text.startswith(_DOCUMENT_STARTS):
        raise RandomnessError("this is a document, not a value: give the value alone, as it was announced")
    if len(text) > _MOST_CHARACTERS:
        raise RandomnessError(f"the random value is longer than {_MOST_CHARACTERS} characters")
    return DrawnValue(text, "text" if announced.round is None else "unproved")


def _round_of(text: str, announced: Randomness, number: int) -> DrawnValue:
    problems = []
    for chain in chains_of(announced):
        try:
            answer = read_answer(text, chain, number)
        except DrandError as error:
            problems.append(str(error))
        else:
            return DrawnValue(randomness_of(answer), "drand", answer, None if announced.chain else chain)
    # Of several chains the same problem is said once.
    reasons = "; ".join(dict.fromkeys(problems))
    raise RandomnessError(f"announced was round {number} of drand, and only drand's answer proves its value: {reasons}")
