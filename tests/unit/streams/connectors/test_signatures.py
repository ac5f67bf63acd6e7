"""Signatures: every scheme against one computed by hand, and everything that must not pass."""

import base64
import hashlib
import hmac

import pytest

from models.sources import SignatureRules
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.signatures import SignatureError, sign, verify
from tests.unit.streams.connectors.deliveries import hex_hmac

BODY = '{"text":"🎉"}'.encode()
NOW_MS = 1_776_528_655_000


def refusal(kind: str, headers: dict[str, str], secrets: list[str], now_ms: int | None = NOW_MS) -> str:
    """Why a request is refused."""
    with pytest.raises(SignatureError) as error:
        verify(CATALOGUE[kind].schemes, secrets, headers, BODY, now_ms)  # type: ignore[index]  # a kind
    return error.value.reason


def test_twitch_signs_id_time_and_body_together() -> None:
    """Nothing between them."""
    content = b"d-1" + b"2026-04-18T16:10:55Z" + BODY
    headers = {
        "twitch-eventsub-message-id": "d-1",
        "twitch-eventsub-message-timestamp": "2026-04-18T16:10:55Z",
        "twitch-eventsub-message-signature": "sha256=" + hex_hmac("s", content),
    }
    verified = verify(CATALOGUE["twitch"].schemes, ["s"], headers, BODY, NOW_MS)
    assert verified.signed_ms == NOW_MS
    assert refusal("twitch", {**headers, "twitch-eventsub-message-id": "d-2"}, ["s"]) == "wrong_signature"
    assert refusal("twitch", headers, ["s"], NOW_MS + 601_000) == "too_old"


def test_the_hash_of_a_hub_is_the_one_that_it_names() -> None:
    """WebSub leaves the choice to the hub."""
    for name in ("sha1", "sha256", "sha384", "sha512"):
        headers = {"x-hub-signature": f"{name}=" + hex_hmac("s", BODY, getattr(hashlib, name))}
        assert verify(CATALOGUE["youtube"].schemes, ["s"], headers, BODY, NOW_MS).secret == 0
    assert (
        refusal("youtube", {"x-hub-signature": "md5=" + hex_hmac("s", BODY, hashlib.md5)}, ["s"])
        == "malformed_signature"
    )


def test_a_secret_of_stripe_is_taken_as_it_is_and_one_of_standard_webhooks_is_decoded() -> None:
    """Both begin with whsec_, and mean different things by it."""
    secret = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
    stripe = {"stripe-signature": f"t=1776528655,v1={hex_hmac(secret, b'1776528655.' + BODY)},v0=00"}
    assert verify(CATALOGUE["stripe"].schemes, [secret], stripe, BODY, NOW_MS).secret == 0
    digest = hmac.new(b"0123456789abcdef01234567", b"m-1.1776528655." + BODY, hashlib.sha256).digest()
    standard = {"webhook-id": "m-1", "webhook-timestamp": "1776528655"}
    standard["webhook-signature"] = f"v1a,AAAA v1,{base64.b64encode(digest).decode()}"
    assert verify(CATALOGUE["standard"].schemes, [secret], standard, BODY, NOW_MS).secret == 0


def test_any_of_several_signatures_may_match() -> None:
    """While a secret is changed, Stripe signs with both."""
    right = hex_hmac("new", b"1776528655." + BODY)
    header = {"stripe-signature": f"t=1776528655,v1={'0' * 64},v1={right}"}
    assert verify(CATALOGUE["stripe"].schemes, ["old", "new"], header, BODY, NOW_MS).secret == 1


def test_the_age_of_a_signature_is_judged_where_it_is_signed() -> None:
    """Five minutes at Stripe; at TikTok it is noted only, which sends again for days."""
    stripe = {"stripe-signature": f"t=1776528655,v1={hex_hmac('s', b'1776528655.' + BODY)}"}
    assert refusal("stripe", stripe, ["s"], NOW_MS + 301_000) == "too_old"
    assert refusal("stripe", stripe, ["s"], NOW_MS - 301_000) == "too_old"
    tiktok = {"tiktok-signature": f"t=1776528655,s={hex_hmac('s', b'1776528655.' + BODY)}"}
    assert "300 s" in verify(CATALOGUE["tiktok"].schemes, ["s"], tiktok, BODY, NOW_MS + 301_000).age_note


def test_what_is_no_signature_is_refused_with_its_reason() -> None:
    """Missing, malformed, of another kind, or without a secret to check it by."""
    right = hex_hmac("s", BODY)
    assert refusal("instagram", {}, ["s"]) == "no_signature"
    assert refusal("instagram", {"x-hub-signature-256": right}, ["s"]) == "malformed_signature"
    assert refusal("instagram", {"x-hub-signature-256": "sha256=zz"}, ["s"]) == "malformed_signature"
    assert refusal("instagram", {"x-hub-signature-256": "sha256="}, ["s"]) == "wrong_signature"
    assert refusal("instagram", {"x-hub-signature-256": "sha256=" + "a" * 9_000}, ["s"]) == "malformed_signature"
    assert refusal("instagram", {"x-hub-signature": "sha1=" + right}, ["s"]) == "no_signature"
    assert refusal("instagram", {"x-hub-signature-256": "sha256=" + right}, []) == "no_secret"
    assert refusal("stripe", {"stripe-signature": "t=1776528655"}, ["s"]) == "malformed_signature"
    assert refusal("stripe", {"stripe-signature": f"v1={right}"}, ["s"]) == "no_signature"
    assert refusal("standard", {"webhook-signature": "v1,AAAA"}, ["whsec_AAAA"]) == "no_signature"


def test_a_secret_of_woocommerce_is_what_its_entities_stand_for() -> None:
    """The shop keeps it with entities, and signs with the characters."""
    digest = hmac.new(b"a&b", BODY, hashlib.sha256).digest()
    header = {"x-wc-webhook-signature": base64.b64encode(digest).decode()}
    assert verify(CATALOGUE["woocommerce"].schemes, ["a&amp;b"], header, BODY, NOW_MS).secret == 0


def test_what_is_signed_here_is_verified_here() -> None:
    """`gateway send` makes what the platforms would."""
    for connector in CATALOGUE.values():
        for scheme in connector.schemes:
            secret = "whsec_AAAA"
            made = sign(scheme, secret, BODY, "1776528655", "m-1")
            headers = {name.lower(): value for name, value in made.items()}
            assert verify([scheme], [secret], headers, BODY, NOW_MS).secret == 0


def test_a_template_is_filled_once() -> None:
    """An id that looks like a part of the template stays an id: it is the sender's text."""
    scheme = SignatureRules(
        header="X-Sig", signed="{body}|{timestamp}|{id}", timestamp_header="X-Time", id_header="X-Id"
    )
    content = BODY + b"|1776528655|{timestamp}"
    headers = {"x-sig": hex_hmac("s", content), "x-time": "1776528655", "x-id": "{timestamp}"}
    assert verify([scheme], ["s"], headers, BODY, NOW_MS).secret == 0


def test_a_signature_may_be_spelt_in_other_ways() -> None:
    """Capitals in hexadecimal digits and in the name of the hash; base64 for addresses, with or without its end."""
    digest = hmac.new(b"s", BODY, hashlib.sha256).digest()
    for header in (f"sha256={digest.hex().upper()}", f"SHA256={digest.hex()}", f" sha256= {digest.hex()} "):
        assert verify(CATALOGUE["instagram"].schemes, ["s"], {"x-hub-signature-256": header}, BODY, NOW_MS).secret == 0
    # A body whose signature has both characters that differ.
    body = next(b"%d" % n for n in range(9_999) if {"+", "/"} <= set(base64_of(b"s", b"%d" % n)))
    plain = base64_of(b"s", body)
    for header in (plain, plain.replace("+", "-").replace("/", "_"), plain.rstrip("=")):
        assert verify(CATALOGUE["shopify"].schemes, ["s"], {"x-shopify-hmac-sha256": header}, body, NOW_MS).secret == 0
    assert refusal("shopify", {"x-shopify-hmac-sha256": plain}, ["s"]) == "wrong_signature"
    assert refusal("shopify", {"x-shopify-hmac-sha256": "&" + plain}, ["s"]) == "malformed_signature"


def base64_of(key: bytes, content: bytes) -> str:
    """A signature in base64, made without the code under test."""
    return base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


def test_a_mistyped_secret_does_not_refuse_what_another_one_signs() -> None:
    """While secrets are changed; where none is right, the mistyped one is what is said."""
    good = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
    signature = base64_of(b"0123456789abcdef01234567", b"m-1.1776528655." + BODY)
    headers = {"webhook-id": "m-1", "webhook-timestamp": "1776528655", "webhook-signature": f"v1,{signature}"}
    assert verify(CATALOGUE["standard"].schemes, ["whsec_no base64!", good], headers, BODY, NOW_MS).secret == 1
    assert refusal("standard", headers, ["whsec_no base64!"]) == "no_secret"
    assert refusal("standard", {**headers, "webhook-signature": "v1,AAAA"}, [good]) == "wrong_signature"


def test_an_empty_body_has_a_signature_too() -> None:
    """And is not taken for the sender's without it."""
    header = {"x-shopify-hmac-sha256": base64_of(b"s", b"")}
    assert verify(CATALOGUE["shopify"].schemes, ["s"], header, b"", NOW_MS).secret == 0
    assert refusal("shopify", header, ["s"]) == "wrong_signature"


def test_the_edge_of_the_tolerance_still_holds() -> None:
    """300 s at Stripe, 600 s at Twitch, before and after; one second more is too old."""
    stripe = {"stripe-signature": f"t=1776528655,v1={hex_hmac('s', b'1776528655.' + BODY)}"}
    for now_ms in (NOW_MS + 300_000, NOW_MS - 300_000):
        assert verify(CATALOGUE["stripe"].schemes, ["s"], stripe, BODY, now_ms).secret == 0
