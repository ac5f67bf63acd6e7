"""Rounds of drand: which one comes when, what an answer says, and whether its signature is the chain's.

Chains, rounds and schemes as drand has them (https://docs.drand.love/docs/cryptography; in the repository `drand/drand`
the files `common/chain/info.go` and `crypto/schemes.go`): a round is signed with BLS over BLS12-381, hashed to the
curve after RFC 9380, and its random value is the SHA-256 of the signature. There is one signature for a key and a
message, so nobody can choose among values.
"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any, Final, TypeVar, cast, get_args

import msgspec
from py_arkworks_bls12381 import GT, G1Point, G2Point

from models.draws import DrandChain, DrandRound, Scheme

G1_BYTES: Final = 48
G2_BYTES: Final = 96
_G1_DOMAIN: Final = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
_G2_DOMAIN: Final = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"
_SEED_BYTES: Final = 32
_SHA256_DIGITS: Final = 64
_SHOWN: Final = 60
_CHAINED: Final = "pedersen-bls-chained"
_ON_G1: Final = "bls-unchained-g1-rfc9380"
_SCHEMES: Final[tuple[str, ...]] = get_args(Scheme)
_DEFAULT_ID: Final = "default"
_CHAIN_FIELDS: Final = ("chain_hash", "chainHash", "chain")
_Point = TypeVar("_Point", G1Point, G2Point)

KNOWN_CHAINS: Final = {
    "quicknet": DrandChain(
        hash="52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
        beacon_id="quicknet",
        scheme="bls-unchained-g1-rfc9380",
        public_key="83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510"
        "d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a",
        genesis_time=1692803367,
        period=3,
        group_hash="f477d5c89f21a17c863a7f937c6a6d15859414d2be09cd448d4279af331c5d3e",
    ),
    "default": DrandChain(
        hash="8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce",
        beacon_id="default",
        scheme="pedersen-bls-chained",
        public_key="868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31",
        genesis_time=1595431050,
        period=30,
        group_hash="176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a",
    ),
}
"""The chains of the League of Entropy's mainnet. Every field but ``scheme`` is bound by the hash."""


class DrandError(ValueError):
    """No round of the chain, or none at all; one line that names field and value."""


def known_chain(name: str) -> DrandChain | None:
    """Return a chain of the League of Entropy by name or hash; None for any other."""
    for known, chain in KNOWN_CHAINS.items():
        if name.strip().lower() in (known, chain.hash):
            return chain
    return None


def address_of(chain: DrandChain, number: int) -> str | None:
    """Return where the League of Entropy answers for a round; None for other chains.

    Rounds of version 1 of the interface carry ``previous_signature``, which the chained scheme signs.
    """
    if known_chain(chain.hash) is None:
        return None
    if chain.scheme == _CHAINED:
        return f"https://api.drand.sh/{chain.hash}/public/{number}"
    return f"https://api.drand.sh/v2/beacons/{chain.beacon_id}/rounds/{number}"


def hash_of(chain: DrandChain) -> str:
    """Return the hash that a chain's period, genesis, key, seed and name must have (drand: ``Info.Hash``)."""
    parts = (
        chain.period.to_bytes(4, "big"),
        chain.genesis_time.to_bytes(8, "big"),
        bytes.fromhex(chain.public_key),
        bytes.fromhex(chain.group_hash),
        b"" if chain.beacon_id in ("", _DEFAULT_ID) else chain.beacon_id.encode(),
    )
    return hashlib.sha256(b"".join(parts)).hexdigest()


def check_chain(chain: DrandChain) -> None:
    """Check that a chain is what its hash says, and that its key can be one.

    Raises:
        DrandError: the hash is another one, or the public key is no point of the scheme's group.
    """
    recomputed = hash_of(chain)
    if recomputed != chain.hash:
        raise DrandError(
            f"chain: hash is {chain.hash}, its period, genesis, key, group hash and name give {recomputed}"
        )
    known = known_chain(chain.hash)
    if known is not None and known.scheme != chain.scheme:
        raise DrandError(f"chain: scheme is {chain.scheme}, that of chain {chain.hash} is {known.scheme}")
    key = bytes.fromhex(chain.public_key)
    if chain.scheme == _ON_G1:
        _g2_point(key, "chain: public_key")
    else:
        _g1_point(key, "chain: public_key")


def read_chain(text: str) -> DrandChain:
    """Read a chain from drand's answer to ``/info``, of version 1 or 2.

    Raises:
        DrandError: it is no such answer, its scheme is unknown, or it has another hash than it says.
    """
    document = _json_object(text, "chain info")
    metadata = document.get("metadata")
    name = document.get("beacon_id")
    if name is None and isinstance(metadata, dict):
        name = metadata.get("beaconID")
    scheme = _first(document, "schemeID", "scheme")
    if scheme not in _SCHEMES:
        raise DrandError(f"chain info: scheme is {_shown(scheme)}; those known are {', '.join(_SCHEMES)}")
    found = {
        "hash": _first(document, "hash", "chain_hash"),
        "beacon_id": "" if name is None else name,
        "scheme": scheme,
        "public_key": document.get("public_key"),
        "genesis_time": document.get("genesis_time"),
        "period": document.get("period"),
        "group_hash": _first(document, "groupHash", "genesis_seed"),
    }
    try:
        chain = msgspec.convert(found, DrandChain)
    except msgspec.ValidationError as error:
        raise DrandError(f"chain info: {error}") from None
    check_chain(chain)
    return chain


def round_time(chain: DrandChain, number: int) -> int:
    """Return when a round is made, in epoch seconds."""
    return chain.genesis_time + (number - 1) * chain.period


def time_text(chain: DrandChain, number: int) -> str:
    """Return when a round is made, as records carry a time.

    Raises:
        DrandError: after the year 9999.
    """
    try:
        made = datetime.fromtimestamp(round_time(chain, number), UTC)
    except (ValueError, OverflowError, OSError):
        raise DrandError(f"round {number} of chain {chain.hash} is of no year before 10000") from None
    return made.isoformat().replace("+00:00", "Z")


def first_round_at(chain: DrandChain, at_ms: int) -> int:
    """Return the first round that is made at a moment (epoch milliseconds) or after it."""
    return max(1, 1 - (chain.genesis_time * 1000 - at_ms) // (chain.period * 1000))


def randomness_of(answer: DrandRound) -> str:
    """Return a round's random value: SHA-256 of its signature, 64 hex digits."""
    return hashlib.sha256(bytes.fromhex(answer.signature)).hexdigest()


def read_answer(text: str, chain: DrandChain, number: int) -> DrandRound:
    """Read drand's answer for a round, of version 1 or 2, and verify it.

    Args:
        text: the answer, JSON in any spacing and order.
        chain: the chain that was announced.
        number: the round that was announced.

    Raises:
        DrandError: it is no answer, or of another round or chain, or its signature or value is wrong.
    """
    document = _json_object(text, "drand's answer")
    found = document.get("round")
    if type(found) is not int:
        raise DrandError(f"round is {_shown(found)}, not a number: this is no answer of drand for a round")
    if found != number:
        raise DrandError(f"this is round {_shown(found)}, announced was round {number}")
    for field in _CHAIN_FIELDS:
        if field in document and document[field] != chain.hash:
            raise DrandError(f"{field} is {_shown(document[field])}, announced was chain {chain.hash}")
    signature = _hex(document.get("signature"), "signature")
    previous = document.get("previous_signature")
    answer = DrandRound(
        round=number,
        signature=signature,
        # Unchained schemes do not sign it: drand sends nothing, or an empty text.
        previous_signature=_hex(previous, "previous_signature")
        if chain.scheme == _CHAINED and previous is not None
        else None,
    )
    if "randomness" in document:
        value = _hex(document["randomness"], "randomness")
        if len(value) != _SHA256_DIGITS:
            raise DrandError(f"randomness is {_shown(value)}: {len(value)} hex digits, {_SHA256_DIGITS} are expected")
        if value != randomness_of(answer):
            raise DrandError(f"randomness is {value}, the SHA-256 of the signature is {randomness_of(answer)}")
    check_round(answer, chain, number)
    return answer


def check_round(answer: DrandRound, chain: DrandChain, number: int) -> None:
    """Verify the signature of a round against its chain's public key.

    Raises:
        DrandError: it is another round, a part is missing or malformed, or the signature is not the chain's.
    """
    if answer.round != number:
        raise DrandError(f"this is round {answer.round}, announced was round {number}")
    key, signature = bytes.fromhex(chain.public_key), bytes.fromhex(answer.signature)
    message = hashlib.sha256(_previous(answer, chain) + number.to_bytes(8, "big")).digest()
    if chain.scheme == _ON_G1:
        signed = GT.pairing(_g1_point(signature, "signature"), G2Point())
        expected = GT.pairing(G1Point.hash_to_curve(message, _G1_DOMAIN), _g2_point(key, "chain: public_key"))
    else:
        signed = GT.pairing(G1Point(), _g2_point(signature, "signature"))
        expected = GT.pairing(_g1_point(key, "chain: public_key"), G2Point.hash_to_curve(message, _G2_DOMAIN))
    if signed != expected:
        raise DrandError(f"signature is {_shown(answer.signature)}: not that of round {number} of chain {chain.hash}")


def _previous(answer: DrandRound, chain: DrandChain) -> bytes:
    if chain.scheme != _CHAINED:
        return b""
    if answer.previous_signature is None:
        raise DrandError(
            "previous_signature is missing: chain "
            f"{chain.hash} signs it too; /{chain.hash}/public/{answer.round} has it"
        )
    previous = bytes.fromhex(answer.previous_signature)
    # The first round follows the seed of the group.
    expected = _SEED_BYTES if answer.round == 1 else G2_BYTES
    if len(previous) != expected:
        raise DrandError(
            f"previous_signature is {_shown(answer.previous_signature)}: {len(previous)} bytes, {expected} are expected"
        )
    return previous


def _point(group: type[_Point], size: int, data: bytes, name: str) -> _Point:
    """Return a point of a group; one point has one spelling, for another one would hash to another value."""
    if len(data) != size:
        raise DrandError(f"{name} is {_shown(data.hex())}: {len(data)} bytes, {size} are expected")
    refusal = DrandError(f"{name} is {_shown(data.hex())}: no point of the group {group.__name__[:2]} of BLS12-381")
    try:
        point = group.from_compressed_bytes(data)
    except ValueError:
        raise refusal from None
    # The identity is the key or signature of nobody.
    if point == group.identity() or point.to_compressed_bytes() != data:
        raise refusal
    return point


def _g1_point(data: bytes, name: str) -> G1Point:
    return _point(G1Point, G1_BYTES, data, name)


def _g2_point(data: bytes, name: str) -> G2Point:
    return _point(G2Point, G2_BYTES, data, name)


def _json_object(text: str, what: str) -> dict[str, Any]:
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except DrandError:
        raise
    except (ValueError, RecursionError):
        raise DrandError(f"{what} is not JSON: {_shown(text.strip())}") from None
    if not isinstance(document, dict):
        raise DrandError(f"{what} is no JSON object: {_shown(document)}")
    return cast(dict[str, Any], document)


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise DrandError(f"{_shown(name)} stands there twice: {_shown(found[name])} and {_shown(value)}")
        found[name] = value
    return found


def _first(document: dict[str, Any], *names: str) -> Any:
    return next((document[name] for name in names if name in document), None)


def _hex(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise DrandError(f"{name} is {_shown(value)}, not a text of hex digits")
    lowered = value.lower()
    if not lowered or len(lowered) % 2 or len(lowered) > 2 * G2_BYTES or set(lowered) - set("0123456789abcdef"):
        raise DrandError(f"{name} is {_shown(value)}: not hex digits in pairs, {2 * G2_BYTES} at most")
    return lowered


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
