"""How a setting is declared, and how the text of a variable becomes its value."""

import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from agents.connection.rules import parse_extensions
from streams.connectors.credentials import parse_secrets
from streams.webhooks.rules import parse_webhook_secrets

_SHORTEST_ID_KEY: Final = 16


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("expected a whole number") from None
        if not low <= value <= high:
            raise ValueError(f"expected {low} to {high}")
        return value

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of numbers of seconds from ``low`` to ``high``."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("expected a number of seconds") from None
        if not low <= value <= high:
            raise ValueError(f"expected {low:g} to {high:g} seconds")
        return value

    return parse


def choice(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of some words."""

    def parse(text: str) -> str:
        if text not in choices:
            raise ValueError(f"expected one of: {', '.join(choices)}")
        return text

    return parse


def clock(text: str) -> str:
    """Read ``wall``, or epoch milliseconds.

    Raises:
        ValueError: it is neither.
    """
    if text != "wall":
        integer(0, 10**14)(text)
    return text


def name(text: str) -> str:
    """Read a name of letters, digits, dots, dashes and underscores.

    Raises:
        ValueError: it has something else, or is empty.
    """
    if not text or not all(char.isalnum() or char in "._-" for char in text):
        raise ValueError("expected letters, digits, dot, dash or underscore")
    return text


def extensions(text: str) -> str:
    """Read extensions of a token request, which are read again where they are used.

    Raises:
        ValueError: they cannot be read.
    """
    parse_extensions(text)
    return text


def parsed(parse: Callable[[str], Any]) -> Callable[[str], str]:
    """Return a check that keeps the text: what is in it is read again where it is used."""

    def check(text: str) -> str:
        parse(text)
        return text

    return check


def check_webhook_secrets(text: str) -> None:
    """Read secrets of webhooks.

    Raises:
        ValueError: a line is none.
    """
    parse_webhook_secrets(parse_secrets(text))


def one_line(text: str) -> str:
    """Read a password: it is of one line, and none has control characters.

    Raises:
        ValueError: it has others; an empty line behind it in its file is the most common one.
    """
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError(
            "expected one line without control characters: no further line, no empty one behind it, no tab"
        )
    return text


def parse_id_key(text: str) -> str:
    """Read the key of marks; empty is none.

    Raises:
        ValueError: it is too short to be a secret.
    """
    if text and len(text) < _SHORTEST_ID_KEY:
        raise ValueError(f"a secret of {_SHORTEST_ID_KEY} characters or more, such as `openssl rand -hex 32` gives")
    return text


def setting(default: Any, parse: Callable[[str], Any], doc: str, *, secret: bool = False) -> Any:
    """Return a field of ``Settings``.

    Args:
        default: its value without a variable.
        parse: reads the text of the variable; a ValueError of it says what was expected.
        doc: what it is for, for docs/settings.md.
        secret: whether it is masked, and may stand in a file that ``NAME_FILE`` names.
    """
    return field(default=default, repr=not secret, metadata={"parse": parse, "doc": doc, "secret": secret})
