"""Marks of forgotten people, sealed: whoever reads the ledger without the key cannot tell whose they are.

The hash of a platform and an author id can be computed by anybody, so that a hash in a mark would name its person to
whoever guesses right. A mark is that hash in a permutation that only the group's key gives: a balanced Feistel network
(Luby and Rackoff 1988: a strong pseudorandom permutation from four rounds on) over 128 bits, with keyed BLAKE2b (RFC
7693) in each round. Half of the block is zero, which tells a mark of the key from any other; the campaign is part of
each round, so that one person's marks of two campaigns have nothing in common.
"""

import hashlib
from typing import Final

SEAL_BYTES: Final = 16
NO_KEY: Final = b""
"""Where no key is set: then a mark can be opened by anybody who has this program."""
_HALF: Final = 8
_ROUNDS: Final = 6
_NOTHING: Final = bytes(_HALF)


def key_of(secret: str) -> bytes:
    """Return the key that a setting stands for, whatever its length."""
    return hashlib.blake2b(secret.encode(), digest_size=32, person=b"pulse id key").digest() if secret else NO_KEY


def sealed(person: int, campaign_id: str, key: bytes) -> bytes:
    """Return the seal of a person's hash in a campaign."""
    left, right = person.to_bytes(_HALF, "big"), _NOTHING
    for number in range(_ROUNDS):
        left, right = right, _xor(left, _round(number, right, campaign_id, key))
    return left + right


def opened(seal: bytes, campaign_id: str, key: bytes) -> int | None:
    """Return the person's hash in a seal; None when it was made with another key or for another campaign."""
    if len(seal) != SEAL_BYTES:
        return None
    left, right = seal[:_HALF], seal[_HALF:]
    for number in reversed(range(_ROUNDS)):
        left, right = _xor(right, _round(number, left, campaign_id, key)), left
    return int.from_bytes(left, "big") if right == _NOTHING else None


def _round(number: int, half: bytes, campaign_id: str, key: bytes) -> bytes:
    said = bytes([number]) + half + campaign_id.encode()
    return hashlib.blake2b(said, digest_size=_HALF, key=key, person=b"pulse forgotten").digest()


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(_HALF, "big")
