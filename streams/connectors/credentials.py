"""What people configure to know senders by: secrets of sources, and hashes of the keys of the event endpoints."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
KEY_PREFIX: Final = "pulse_w_"


def parse_secrets(text: str) -> dict[str, tuple[str, ...]]:
    """Read ``NAME=SECRET`` lines; lines of one name are several secrets that all hold, the newest first.

    Raises:
        ValueError: a line is none; it is named by its number, because it may hold a secret.
    """
    found: dict[str, tuple[str, ...]] = {}
    for number, line in _lines(text):
        name, equals, secret = (part.strip() for part in line.partition("="))
        if not equals or not _NAME.fullmatch(name) or not secret:
            raise ValueError(f"line {number}: expected NAME=SECRET")
        found[name] = (*found.get(name, ()), secret)
    return found


def parse_addresses(text: str) -> dict[str, str]:
    """Read ``NAME=URL``, separated by commas or line ends; addresses are returned without a slash at the end.

    Raises:
        ValueError: an entry is none, or its address is neither http nor https, or has a user, a query or a fragment.
    """
    found: dict[str, str] = {}
    for _, entry in _lines(text.replace(",", "\n")):
        name, equals, address = (part.strip() for part in entry.partition("="))
        if not equals or not _NAME.fullmatch(name):
            raise ValueError(f"{entry.strip()!r}: expected NAME=URL")
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"{name}: expected an http:// or https:// address without a user")
        if parts.query or parts.fragment:
            raise ValueError(f"{name}: an address ends with its path")
        found[name] = address.rstrip("/")
    return found


def parse_keys(text: str) -> dict[str, str]:
    """Read ``NAME=HASH`` lines; return names by hash.

    Raises:
        ValueError: a line is none, or the hash is no SHA-256 in hexadecimal digits.
    """
    found: dict[str, str] = {}
    for number, line in _lines(text):
        name, equals, digest = (part.strip() for part in line.partition("="))
        if not equals or not _NAME.fullmatch(name) or not _HASH.fullmatch(digest.lower()):
            raise ValueError(f"line {number}: expected NAME=HASH, 64 hexadecimal digits; `gateway key` makes them")
        found[digest.lower()] = name
    return found


def _lines(text: str) -> list[tuple[int, str]]:
    numbered = enumerate(text.splitlines(), 1)
    return [(number, line) for number, line in numbered if line.strip() and not line.lstrip().startswith("#")]


def hash_of(key: str) -> str:
    """Return what is kept of a key. Keys are long and random: a plain hash of one cannot be tried out."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def owner_of(key: str, keys: Mapping[str, str]) -> str | None:
    """Return whose a key is, or None; every hash is compared, in constant time."""
    given = hash_of(key)
    owners = [name for digest, name in keys.items() if hmac.compare_digest(digest, given)]
    return owners[0] if owners else None
