"""Keys that read: what a line says, what is refused and why, ends, ids with any characters."""

import hashlib

import pytest

from models.read_keys import digest_of, key_of, parse_origins, parse_read_keys, scope_id

HASH = hashlib.sha256(b"pulse_r_x").hexdigest()
NAME = "page"


def test_a_line_says_what_is_seen() -> None:
    """Campaigns, creators, words, an end; ids percent-encoded."""
    scopes = "campaign:a%20b influencer:c%2F1/d money until:2026-12-31T23:59:59+01:00"
    text = f"# a comment\n\n{NAME}={HASH.upper()} {scopes}\n"
    (key,) = parse_read_keys(text)
    assert (key.name, key.digest, key.money, key.names, key.admin) == (NAME, HASH, True, False, False)
    assert key.sees_campaign("a b")
    assert not key.sees_campaign("c/1")
    assert key.sees_creator("c/1", "d")
    assert key.sees_creator("a b", "anybody")
    assert not key.sees_creator("c/1", "e")
    assert key.knows_of("c/1")
    assert not key.knows_of("x")
    assert key.until_ms == 1_798_757_999_000


def test_a_star_is_every_campaign_and_admin_is_every_scope() -> None:
    """But an influencer named ``*`` is one of that name."""
    (key,) = parse_read_keys(f"{NAME}={HASH} campaign:* admin")
    assert key.sees_campaign("whatever")
    assert (key.money, key.names, key.admin) == (True, True, True)
    (other,) = parse_read_keys(f"{NAME}={HASH} influencer:c/*")
    assert not other.sees_creator("c", "ana")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{NAME}={HASH}", "the key sees nothing"),
        (f"{NAME}={HASH} money", "the key sees nothing"),
        (f"{NAME}={HASH[:-1]} campaign:a", "64 hexadecimal digits"),
        (f"a b={HASH} campaign:a", "expected NAME=HASH"),
        (f"{NAME}={HASH} campaign:", "scope 'campaign:'"),
        (f"{NAME}={HASH} influencer:c", "scope 'influencer:c'"),
        (f"{NAME}={HASH} campaign:a until:2026-12-31", "with its offset"),
        (f"{NAME}={HASH} campaign:a until:soon", "with its offset"),
        (f"{NAME}={HASH} campaign:a money:all", "scope 'money:all'"),
        (f"{NAME}={HASH} campaign:a\n{NAME}={HASH} campaign:b", "stands there twice"),
    ],
)
def test_a_line_that_makes_no_sense_is_named(line: str, reason: str) -> None:
    """By its number and what is wrong with it."""
    with pytest.raises(ValueError, match=f"line {len(line.splitlines())}: .*{reason}"):
        parse_read_keys(line)


def test_a_rotated_key_and_its_successor_hold_both() -> None:
    """Two lines of one name; what is kept is a hash, and a key is found by nothing else."""
    keys = parse_read_keys(f"{NAME}={digest_of('old')} campaign:a\n{NAME}={digest_of('new')} campaign:a money")
    found = [key_of(given, keys) for given in ("old", "new", digest_of("new"), "", "Old")]
    assert [each and each.money for each in found] == [False, True, None, None, None]


@pytest.mark.parametrize("text", ["a b", "c/1", "*x", "ä", "a:b=c", "%"])
def test_any_id_can_stand_in_a_scope(text: str) -> None:
    """What is written is read."""
    (key,) = parse_read_keys(f"{NAME}={HASH} campaign:{scope_id(text)} influencer:{scope_id(text)}/{scope_id(text)}")
    assert (key.campaigns, key.creators) == (frozenset({text}), frozenset({(text, text)}))


@pytest.mark.parametrize("text", ["*", "shop.example", "https://shop.example/", "null", "https://a b"])
def test_an_origin_is_one(text: str) -> None:
    """No star, no path, no host alone."""
    with pytest.raises(ValueError, match="expected https://HOST"):
        parse_origins(text)
    assert parse_origins("https://a.example  http://localhost:3000") == ("https://a.example", "http://localhost:3000")
