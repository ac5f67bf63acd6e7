"""The public random value of a draw: from the command line, a file, or an address of the operator's choice."""

import json
from pathlib import Path
from typing import Final
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import urlopen

from models.draws import Randomness

_TIMEOUT_SECONDS: Final = 15
_MOST_BYTES: Final = 100_000


class RandomnessError(RuntimeError):
    """No value, or not the one that was announced; one line, for users."""


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
    except (URLError, OSError, ValueError) as error:
        raise RandomnessError(f"{place}: {error}") from None
    if len(data) > _MOST_BYTES:
        raise RandomnessError(f"{place}: larger than {_MOST_BYTES} bytes")
    try:
        return str(data.decode())
    except UnicodeDecodeError:
        raise RandomnessError(f"{place}: not UTF-8") from None


def value_of(text: str, announced: Randomness) -> str:
    """Return the random value in a text: the field ``randomness`` of a drand answer, or the text itself.

    Raises:
        RandomnessError: nothing is there, or it is another drand round than the one announced.
    """
    value = text.strip()
    if value.startswith("{"):
        try:
            document = json.loads(value)
        except ValueError:
            document = None
        if isinstance(document, dict) and isinstance(document.get("randomness"), str):
            if announced.round is not None and document.get("round") != announced.round:
                raise RandomnessError(f"this is round {document.get('round')}, announced was round {announced.round}")
            value = document["randomness"].strip().lower()
    if not value:
        raise RandomnessError("the random value is empty")
    return value
