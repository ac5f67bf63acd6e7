"""Drand's rounds, recorded and made with a key of the tests' own, and their signatures checked in plain Python.

Nothing of the product is used here, nor the library that it verifies signatures with: py-ecc is another implementation.
"""

import hashlib
import json
import sys
from functools import cache
from typing import Any

# The import raises the limit to 100,000 for the whole process, and other tests are about nesting that is too deep.
_LIMIT = sys.getrecursionlimit()
from py_ecc.bls.hash_to_curve import hash_to_G1, hash_to_G2  # noqa: E402
from py_ecc.bls.point_compression import compress_G1, compress_G2, decompress_G1, decompress_G2  # noqa: E402
from py_ecc.optimized_bls12_381 import G1, G2, add, curve_order, multiply, pairing  # noqa: E402

sys.setrecursionlimit(_LIMIT)

QUICKNET_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510"
    "d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
DEFAULT_KEY = "868f005eb8e6e4ca0a47c8a77ceaa5309a47978a7c71bc5cce96366b5d7a569937c529eeda66c7293784a9402801af31"
QUICKNET_42 = {
    "round": 42,
    "signature": "95a9f9f5b231b7714de1553105d8ffdf3dcda24cfdb1e689319bccf79a9c8ce430a91b811fbfaf763900bc998b5d686a",
}
QUICKNET_1000 = {
    "round": 1000,
    "randomness": "fe290beca10872ef2fb164d2aa4442de4566183ec51c56ff3cd603d930e54fdd",
    "signature": "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39",
}
DEFAULT_1 = {
    "round": 1,
    "signature": "8d61d9100567de44682506aea1a7a6fa6e5491cd27a0a0ed349ef6910ac5ac20ff7bc3e09d7c046566c9f7f3c6f3b101"
    "04990e7cb424998203d8f7de586fb7fa5f60045417a432684f85093b06ca91c769f0e7ca19268375e659c2a2352b4655",
    "previous_signature": "176f93498eac9ca337150b46d21dd58673ea4e3581185f869672e59fa4cb390a",
}
DEFAULT_30 = {
    "round": 30,
    "signature": "84935a794779bf9a5b763972738728a05aceb8c388a9f5142446d064f722a972c3ff8ecc7d6ea1ba84bc19656499fed9"
    "130dd0c42603e1e1dfe3a47cace2741cf1096dd000f0b9b58d880df76fd739ad99797116f0d40217c77274eb6e94b236",
    "previous_signature": "996ed8703262191c4105266b59d073b565317a47b3be71c51d5c0e8d3372422784b43cfe6d211f207f9d30570"
    "db323d5074df080fed6bbf6143496b2350d88bf07e0b64298d9673af4d94d83f550986b6725aaaf793ad3670aa58eae5573a9f0",
}
SECRET = int.from_bytes(hashlib.sha256(b"a chain of the tests").digest(), "big") % curve_order
G1_DOMAIN = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
G2_DOMAIN = b"BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_NUL_"
ON_G1, CHAINED, UNCHAINED = "bls-unchained-g1-rfc9380", "pedersen-bls-chained", "pedersen-bls-unchained"
SEED = hashlib.sha256(b"seed").hexdigest()
GENESIS, PERIOD = 1_700_000_000, 30


def _hex_of_g1(point: Any) -> str:
    return int(compress_G1(point)).to_bytes(48, "big").hex()


def _hex_of_g2(point: Any) -> str:
    return b"".join(int(each).to_bytes(48, "big") for each in compress_G2(point)).hex()


def _g2_of(text: str) -> Any:
    data = bytes.fromhex(text)
    return decompress_G2((int.from_bytes(data[:48], "big"), int.from_bytes(data[48:], "big")))  # type: ignore[arg-type]


def _g1_of(text: str) -> Any:
    return decompress_G1(int(text, 16))  # type: ignore[arg-type]


def message(number: int, previous: str) -> bytes:
    """What is signed of a round; ``previous`` is empty where rounds are not chained."""
    return hashlib.sha256(bytes.fromhex(previous) + number.to_bytes(8, "big")).digest()


@cache
def info(scheme: str) -> str:
    """The answer to ``/info`` of a chain of the tests' own, named by its scheme."""
    key = _hex_of_g2(multiply(G2, SECRET)) if scheme == ON_G1 else _hex_of_g1(multiply(G1, SECRET))
    packed = PERIOD.to_bytes(4, "big") + GENESIS.to_bytes(8, "big") + bytes.fromhex(key + SEED) + scheme.encode()
    return json.dumps(
        {
            "public_key": key,
            "period": PERIOD,
            "genesis_time": GENESIS,
            "hash": hashlib.sha256(packed).hexdigest(),
            "groupHash": SEED,
            "schemeID": scheme,
            "metadata": {"beaconID": scheme},
        }
    )


@cache
def _signed(scheme: str, number: int, previous: str) -> str:
    if scheme == ON_G1:
        return _hex_of_g1(multiply(hash_to_G1(message(number, ""), G1_DOMAIN, hashlib.sha256), SECRET))
    return _hex_of_g2(multiply(hash_to_G2(message(number, previous), G2_DOMAIN, hashlib.sha256), SECRET))


def answer(scheme: str, number: int) -> dict[str, Any]:
    """The answer (version 1) for a round of the tests' own chain."""
    previous = ""
    if scheme == CHAINED:
        previous = SEED if number == 1 else hashlib.sha256(b"any").hexdigest() * 3
    signature = _signed(scheme, number, previous)
    found = {
        "round": number,
        "randomness": hashlib.sha256(bytes.fromhex(signature)).hexdigest(),
        "signature": signature,
    }
    return {**found, "previous_signature": previous} if previous else found


def is_signed(scheme: str, key: str, found: dict[str, Any]) -> bool:
    """Whether plain Python finds the key's signature in an answer."""
    hashed = message(found["round"], found.get("previous_signature", "") if scheme == CHAINED else "")
    if scheme == ON_G1:
        point = hash_to_G1(hashed, G1_DOMAIN, hashlib.sha256)
        return bool(pairing(G2, _g1_of(found["signature"])) == pairing(_g2_of(key), point))
    point2 = hash_to_G2(hashed, G2_DOMAIN, hashlib.sha256)
    return bool(pairing(_g2_of(found["signature"]), G1) == pairing(point2, _g1_of(key)))


def with_torsion(signature: str) -> str:
    """Another point that a pairing alone cannot tell from a signature in G1: the sum with a point outside the group."""
    outside = multiply(_g1_of((bytes([0x80]) + bytes(46) + bytes([4])).hex()), curve_order)
    return _hex_of_g1(add(_g1_of(signature), outside))
