"""Drand's rounds: read in every spelling, verified against the chain's key, refused when anything is off."""

import hashlib
import json
from typing import Any

import msgspec
import pytest

from models.draws import DrandChain
from streams.giveaway.drand import (
    KNOWN_CHAINS,
    DrandError,
    check_chain,
    first_round_at,
    hash_of,
    known_chain,
    randomness_of,
    read_answer,
    read_chain,
    round_time,
    time_text,
)
from tests.unit import drand_chains as made

QUICKNET, DEFAULT = KNOWN_CHAINS["quicknet"], KNOWN_CHAINS["default"]
RECORDED = [
    (QUICKNET, made.QUICKNET_42),
    (QUICKNET, made.QUICKNET_1000),
    (DEFAULT, made.DEFAULT_1),
    (DEFAULT, made.DEFAULT_30),
]
SCHEMES = [made.ON_G1, made.CHAINED, made.UNCHAINED]
IDENTITY = "c0" + 47 * "00"


def test_the_known_chains_are_what_their_hashes_say() -> None:
    """Period, genesis, key, seed and name give the hashes under which the chains are known everywhere."""
    assert QUICKNET.hash == "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
    assert DEFAULT.hash == "8990e7a9aaed2ffed73dbd7092123d6f289930540d7651336225dc172e51b2ce"
    for name, chain in KNOWN_CHAINS.items():
        assert hash_of(chain) == chain.hash
        check_chain(chain)
        assert known_chain(name) == known_chain(chain.hash.upper()) == chain
    assert (QUICKNET.public_key, DEFAULT.public_key) == (made.QUICKNET_KEY, made.DEFAULT_KEY)


@pytest.mark.parametrize(("chain", "recorded"), RECORDED)
def test_recorded_rounds_are_verified(chain: DrandChain, recorded: dict[str, Any]) -> None:
    """Real answers pass in any spacing, order and case, and give the signature's SHA-256; plain Python agrees."""
    expected = hashlib.sha256(bytes.fromhex(recorded["signature"])).hexdigest()
    assert recorded.get("randomness", expected) == expected
    assert made.is_signed(chain.scheme, chain.public_key, recorded)
    backwards = dict(reversed(recorded.items()))
    upper = {name: value.upper() if isinstance(value, str) else value for name, value in recorded.items()}
    for text in (
        json.dumps(recorded),
        json.dumps(recorded, indent=4),
        json.dumps(backwards, separators=(",", ":")),
        f"\n {json.dumps(upper)} \r\n",
        json.dumps({**recorded, "randomness": expected}),
    ):
        assert randomness_of(read_answer(text, chain, recorded["round"])) == expected


@pytest.mark.parametrize("scheme", SCHEMES)
def test_rounds_of_another_chain_are_verified(scheme: str) -> None:
    """A chain given by its /info signs its own rounds: this one passes, and is refused as that of a known chain."""
    chain = read_chain(made.info(scheme))
    found = made.answer(scheme, 7)
    assert made.is_signed(scheme, chain.public_key, found)
    assert randomness_of(read_answer(json.dumps(found), chain, 7)) == found["randomness"]
    for known in KNOWN_CHAINS.values():
        with pytest.raises(DrandError):
            read_answer(json.dumps(found), known, 7)


def test_the_first_round_of_a_chain_follows_its_seed() -> None:
    """Round 1 signs the 32 bytes of the seed, every other one a signature of 96 bytes."""
    chain = read_chain(made.info(made.CHAINED))
    read_answer(json.dumps(made.answer(made.CHAINED, 1)), chain, 1)
    short = {**made.answer(made.CHAINED, 7), "previous_signature": made.SEED}
    with pytest.raises(DrandError, match=r"previous_signature .* 32 bytes, 96 are expected"):
        read_answer(json.dumps(short), chain, 7)


def changed(**fields: Any) -> str:
    """The recorded round 1000 with other fields."""
    return json.dumps({**made.QUICKNET_1000, **fields})


SIGNATURE = str(made.QUICKNET_1000["signature"])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "is not JSON: ''"),
        ("<html><body>Sign in</body></html>", "is not JSON: '<html>"),
        (str(made.QUICKNET_1000["randomness"]), "is not JSON: 'fe290b"),
        ("[" * 50_000, "is not JSON"),
        ("null", "is no JSON object: None"),
        ("[1000]", r"is no JSON object: \[1000\]"),
        ("1000", "is no JSON object: 1000"),
        ('{"error": "not found"}', "round is None, not a number"),
        ("{}", "round is None"),
        (changed(round="1000"), "round is '1000', not a number"),
        (changed(round=1000.0), "round is 1000.0, not a number"),
        (changed(round=True), "round is True, not a number"),
        (changed(round=1001), "this is round 1001, announced was round 1000"),
        (changed(round=10**30), "this is round 1000000000000000000000000000000, announced was round 1000"),
        (changed(round=-1000), "this is round -1000"),
        (json.dumps(made.QUICKNET_42), "this is round 42, announced was round 1000"),
        (json.dumps({**made.QUICKNET_42, "round": 1000}), "signature is '95a9.*not that of round 1000 of chain 52db"),
        (changed(chain_hash="00"), "chain_hash is '00', announced was chain 52db"),
        (changed(randomness="00" * 32), "randomness is 0000.*, the SHA-256 of the signature is fe290b"),
        (changed(randomness="AB12"), "randomness is 'ab12': 4 hex digits, 64 are expected"),
        (changed(randomness=None), "randomness is None, not a text of hex digits"),
        (changed(randomness=5), "randomness is 5, not a text"),
        (changed(signature=None), "signature is None, not a text"),
        (changed(signature=""), "signature is '': not hex digits"),
        (changed(signature="0"), "signature is '0': not hex digits"),
        (changed(signature="zz" * 48), "signature is 'zzzz.*: not hex digits"),
        (changed(signature="٣٣" * 48), "signature is .*: not hex digits"),
        (changed(signature="0x" + SIGNATURE[2:]), "signature is '0x.*: not hex digits"),
        (changed(signature=[SIGNATURE]), "signature is .*, not a text"),
        (json.dumps({"round": 1000, "signature": "00"}), "signature is '00': 1 bytes, 48 are expected"),
        (json.dumps({"round": 1000, "signature": SIGNATURE * 2}), "signature is .*: 96 bytes, 48 are expected"),
        (json.dumps({"round": 1000, "signature": SIGNATURE[:-1] + "8"}), "signature is .*(no point|not that)"),
        (json.dumps({"round": 1000, "signature": IDENTITY}), "signature is 'c000.*: no point of the group G1"),
        (json.dumps({"round": 1000, "signature": "ff" * 48}), "signature is 'ffff.*: no point of the group G1"),
        (f'{{"round": 1000, "round": 1000, "signature": "{SIGNATURE}"}}', "'round' stands there twice: 1000 and 1000"),
    ],
)
def test_whatever_is_not_the_round_is_refused(text: str, problem: str) -> None:
    """Pages, errors, other rounds and chains, wrong types, lengths and digits: refused, field and value are named."""
    with pytest.raises(DrandError, match=problem):
        read_answer(text, QUICKNET, 1000)


def test_a_signature_has_one_spelling() -> None:
    """A point outside the group that the pairing alone would accept is refused: it would give another value."""
    forged = made.with_torsion(SIGNATURE)
    answer = {"round": 1000, "signature": forged}
    assert forged != SIGNATURE
    assert made.is_signed(QUICKNET.scheme, QUICKNET.public_key, answer)
    with pytest.raises(DrandError, match="no point of the group G1"):
        read_answer(json.dumps(answer), QUICKNET, 1000)


def test_a_chained_round_needs_the_signature_before() -> None:
    """Without it, or with another, the round of the default chain is refused; the address that has it is named."""
    missing = {name: value for name, value in made.DEFAULT_30.items() if name != "previous_signature"}
    with pytest.raises(DrandError, match=f"previous_signature is missing.*/{DEFAULT.hash}/public/30"):
        read_answer(json.dumps(missing), DEFAULT, 30)
    other = {**made.DEFAULT_30, "previous_signature": made.DEFAULT_1["signature"]}
    with pytest.raises(DrandError, match="not that of round 30"):
        read_answer(json.dumps(other), DEFAULT, 30)


def test_a_chain_is_read_from_both_versions_of_info() -> None:
    """Version 2 names fields differently and means the same chain."""
    old = json.loads(made.info(made.ON_G1))
    new = {
        "public_key": old["public_key"],
        "period": old["period"],
        "genesis_time": old["genesis_time"],
        "chain_hash": old["hash"],
        "genesis_seed": old["groupHash"],
        "scheme": old["schemeID"],
        "beacon_id": old["metadata"]["beaconID"],
    }
    assert read_chain(json.dumps(new)) == read_chain(json.dumps(old))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"period": 3}, "hash is .*, its period"),
        ({"hash": "00" * 32}, "hash is 0000.*, its period"),
        ({"genesis_time": 1}, "hash is"),
        ({"metadata": {"beaconID": "quicknet"}}, "hash is"),
        ({"public_key": made.DEFAULT_KEY}, "hash is"),
        ({"public_key": "xyz"}, "chain info: .*public_key"),
        ({"period": "3"}, "chain info: .*period"),
        ({"schemeID": "bls-unchained-on-g1"}, "scheme is 'bls-unchained-on-g1'; those known are"),
        ({"schemeID": made.UNCHAINED}, "public_key is .*: 96 bytes, 48 are expected"),
        ({"hash": None}, "chain info: .*hash"),
    ],
)
def test_a_chain_that_is_not_its_hash_is_refused(fields: dict[str, Any], problem: str) -> None:
    """A changed period, key, name or scheme is another chain than the hash says."""
    with pytest.raises(DrandError, match=problem):
        read_chain(json.dumps({**json.loads(made.info(made.ON_G1)), **fields}))


def test_a_known_chain_keeps_its_scheme() -> None:
    """The hash does not bind the scheme: the table does, for the chains that it has."""
    with pytest.raises(DrandError, match="scheme is pedersen-bls-unchained, that of chain 8990"):
        check_chain(msgspec.structs.replace(DEFAULT, scheme="pedersen-bls-unchained"))


def test_the_first_round_at_a_moment() -> None:
    """The round made just then, or the next one; before the genesis the first; quicknet's round 42 is of 2023."""
    assert time_text(QUICKNET, 42) == "2023-08-23T15:11:30Z"
    for chain in KNOWN_CHAINS.values():
        for at_ms in range((chain.genesis_time - 1) * 1000, (chain.genesis_time + 2 * chain.period) * 1000, 500):
            number = first_round_at(chain, at_ms)
            assert round_time(chain, number) * 1000 >= at_ms
            assert number == 1 or round_time(chain, number - 1) * 1000 < at_ms
    assert first_round_at(QUICKNET, 0) == 1
    with pytest.raises(DrandError, match="no year before 10000"):
        time_text(QUICKNET, 10**12)
