"""Marks in a giveaway's ledger: somebody who is forgotten, and a poisoned record that somebody has accepted as such."""

import hashlib
from typing import Final

import msgspec
from msgspec import Struct

_encode_json: Final = msgspec.json.Encoder().encode


class Forgotten(Struct, frozen=True, array_like=True, kw_only=True):
    """A person (hash of platform and author id) whose facts up to a moment must not be used any more."""

    version: int
    campaign_id: str
    person: int
    until_ms: int

    def key(self) -> bytes:
        """Return the key of a record of the time before marks were sealed."""
        return _encode_json(["forgotten", self.campaign_id, self.person])


class SealedMark(Struct, frozen=True, array_like=True, kw_only=True):
    """Somebody forgotten as the ledger holds it: ``seal`` hides the person (``streams.ledger.sealing``)."""

    version: int
    campaign_id: str
    seal: bytes
    until_ms: int


class Cleared(Struct, frozen=True, array_like=True, kw_only=True):
    """A place of the ledger at which a poisoned record stands that somebody has accepted as such.

    ``sha256`` is that of the record (``poison_hash``), in hexadecimal: what stands at the offset in a log that was made
    anew is not accepted.
    """

    version: int
    offset: int
    sha256: str
    reason: str
    at_ms: int

    def key(self) -> bytes:
        """Return the record's key."""
        return _encode_json(["cleared", self.offset, self.sha256])


def poison_hash(key: bytes | None, value: bytes | None) -> str:
    """Return the SHA-256 of a record's key and value, in hexadecimal; null is told from empty."""
    digest = hashlib.sha256()
    for part in (key, value):
        digest.update(b"-" if part is None else b"%d:%b" % (len(part), part))
    return digest.hexdigest()
