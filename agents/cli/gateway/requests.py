"""Deliveries that were kept in files: bodies, their headers, and the requests of handshakes."""

import re
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

_PATH: Final = ":path"
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
"""A token of RFC 9110, as names of headers are."""
_REQUEST: Final = re.compile(r"(?:GET|POST) (\S+) HTTP/[0-9.]+")
_CURL: Final = re.compile(r"(?:-H|--header) ?(['\"])(.+)\1 ?\\?")


class HeaderFileError(ValueError):
    """A line of a file of headers that is none; the text names file and line."""


class Kept(Struct, frozen=True):
    """Headers of a request, names in lower case, and the parameters of its address."""

    headers: dict[str, str]
    query: dict[str, str]


def read_headers(path: Path) -> Kept:
    """Read a file with one ``Name: value`` a line; ``:path: /mp/collect?api_secret=`` is the address.

    Also what tools that record requests write: a first line ``POST /address HTTP/1.1``, ``-H 'Name: value'`` as for
    curl, or a JSON object of texts or of lists of them.

    Raises:
        HeaderFileError: a line is no header, or the file is no text.
    """
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise HeaderFileError(f"{path}: {error}") from None
    if text.lstrip().startswith("{"):
        return _from_json(path, text)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        if (asked_for := _REQUEST.fullmatch(line.strip())) is not None:
            query = query_of(asked_for[1])
            continue
        if (of_curl := _CURL.fullmatch(line.strip())) is not None:
            line = of_curl[2]  # what stands between the quotes
        if line.lower().startswith(_PATH + ":"):
            query = query_of(line[len(_PATH) + 1 :].strip())
            continue
        name, colon, value = line.partition(":")
        if not colon or not _NAME.fullmatch(name.strip()):
            raise HeaderFileError(f"{path}, line {number}: {line[:60]!r} is no header (Name: value)")
        headers[name.strip().lower()] = value.strip()
    return Kept(headers, query)


def _from_json(path: Path, text: str) -> Kept:
    try:
        told = msgspec.json.decode(text, type=dict[str, str | list[str]])
    except msgspec.DecodeError as error:
        raise HeaderFileError(f"{path}: no object of headers: {error}") from None
    # Of one that is there twice, the first, as a gateway takes it.
    return Kept(
        {name.lower(): value if isinstance(value, str) else value[0] for name, value in told.items() if value}, {}
    )


def query_of(address: str) -> dict[str, str]:
    """Return the first value of each parameter of an address."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(urlsplit(address).query, keep_blank_values=True):
        found.setdefault(name, value)
    return found


def asked(body: bytes) -> str | None:
    """Return the address of a body that is the record of a GET (``GET /v1/hooks/x/main?crc_token=``), else None."""
    first = body.partition(b"\n")[0].strip()
    if not first.startswith(b"GET "):
        return None
    return first.decode("utf-8", "replace").split()[1] if len(first.split()) > 1 else None
