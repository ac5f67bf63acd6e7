"""How a setting is declared, and how the text of a variable becomes its value."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, Final

from agents.addresses import is_host, placeholder_hint
from agents.connection.rules import parse_extensions
from streams.connectors.credentials import parse_secrets
from streams.webhooks.rules import parse_webhook_secrets

_SHORTEST_ID_KEY: Final = 16
_LONGEST_NUMBER: Final = 30
_INTEGER: Final = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
"""Less than Python reads: ``1_0`` is a slip of somebody who meant 1.0."""
_GROUP: Final = re.compile(r"[\w.-]{1,230}", re.ASCII)
"""What Kafka takes in the name of a topic, 249 at most with the end that the changelog gets."""
_QUOTES: Final = "\"'"
_BLANKS: Final = " \t\r\n\v\f\ufeff"
"""What stands around a value by mistake; the byte order mark is that of a file of variables."""


def bare(text: str) -> str:
    """Return a value without what files of variables leave around it: blanks, a carriage return, a byte order mark."""
    return text.strip(_BLANKS)


def is_quoted(text: str) -> bool:
    """Return whether a value stands in quotes: ``docker run --env-file`` and Kubernetes keep them as a part of it."""
    return len(text) > 1 and text[0] in _QUOTES and text[-1] == text[0]


def integer(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from ``low`` to ``high``."""

    def parse(text: str) -> int:
        if _INTEGER.fullmatch(text) is None or len(text) > _LONGEST_NUMBER:
            raise ValueError("expected a whole number")
        value = int(text)
        if not low <= value <= high:
            raise ValueError(f"expected {low} to {high}")
        return value

    return parse


def seconds(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of numbers of seconds from ``low`` to ``high``."""

    def parse(text: str) -> float:
        if _NUMBER.fullmatch(text) is None and text.lstrip("+-").lower() not in ("nan", "inf"):
            raise ValueError("expected a number of seconds")
        value = float(text)
        if not low <= value <= high:
            raise ValueError(f"expected {low:g} to {high:g} seconds")
        return value

    return parse


def choice(*choices: str) -> Callable[[str], str]:
    """Return a reader of one of some words."""

    def parse(text: str) -> str:
        if text not in choices:
            meant = [each for each in choices if each and each.lower() == text.lower()]
            hint = f"; it is written {meant[0]}" if meant else ""
            raise ValueError(f"expected one of: {', '.join(filter(None, choices))}{hint}")
        return text

    return parse


def clock(text: str) -> str:
    """Read ``wall``, or epoch milliseconds.

    Raises:
        ValueError: it is neither.
    """
    if text == "wall":
        return text
    try:
        integer(0, 10**14)(text)
    except ValueError as error:
        raise ValueError(f"{error}: epoch milliseconds, or `wall`") from None
    return text


def name(text: str) -> str:
    """Read a name of letters, digits, dots, dashes and underscores.

    Raises:
        ValueError: it has something else, or is empty.
    """
    if not text or not all(char.isalnum() or char in "._-" for char in text):
        raise ValueError("expected letters, digits, dot, dash or underscore")
    return text


def group(text: str) -> str:
    """Read the name of a group, which topics are named after as well.

    Raises:
        ValueError: Kafka would refuse it.
    """
    if _GROUP.fullmatch(text) is None:
        raise ValueError(
            "expected 1 to 230 letters of English, digits, dots, dashes or underscores, as in Kafka's topics"
        )
    return text


def listening_host(text: str) -> str:
    """Read the address that a server listens on.

    Raises:
        ValueError: it is empty, which would mean every address of the machine, or no host.
    """
    wanted = "expected a host name or address, without port or brackets; every address is 0.0.0.0, or :: of IPv6"
    if text.startswith("[") or not (is_host(text) or _is_ipv6(text)):
        raise ValueError(f"{wanted}{placeholder_hint(text)}")
    return text


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def path(text: str) -> str:
    """Read the place of a file or directory; empty is none.

    Raises:
        ValueError: a shell would have made another one of it.
    """
    if text == "~" or text.startswith("~/") or re.match(r"\$[A-Z_{]", text):
        raise ValueError("expected a path; nobody but a shell replaces what it begins with")
    if re.search(r"[\x00-\x1f\x7f]", text):
        raise ValueError("expected a path without control characters")
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
            "expected one line without control characters: no further line, no empty one behind it, no tab, no "
            "carriage return (which a file of variables with line ends of Windows leaves)"
        )
    return text


def parse_id_key(text: str) -> str:
    """Read the key of marks; empty is none.

    Raises:
        ValueError: it is too short to be a secret, or not of one line.
    """
    one_line(text)
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
