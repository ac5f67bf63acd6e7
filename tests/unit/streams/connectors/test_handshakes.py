"""Challenges: answered as each platform wants it, and only to whom knows the secret."""

import base64
import hashlib
import hmac
import json

import pytest

from streams.connectors.handshakes import HandshakeError, answer_before_signature, answer_question, verify_token
from tests.unit.streams.connectors.deliveries import delivery, kept


def test_x_gets_the_hash_of_its_token() -> None:
    """As in the sample: the newest secret signs."""
    answer = answer_question("x", "x-main", {"crc_token": "challenge_string"}, ["x-consumer-secret", "old"])
    digest = hmac.new(b"x-consumer-secret", b"challenge_string", hashlib.sha256).digest()
    assert json.loads(answer.body) == {"response_token": "sha256=" + base64.b64encode(digest).decode()}
    assert answer.media_type == "application/json"


def test_meta_gets_its_challenge_for_the_right_token_alone() -> None:
    """The token is made of the secret, or one that was chosen; the secret itself is none."""
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    for token in (verify_token("s", "instagram-main"), "chosen"):
        query = {**asked, "hub.verify_token": token}
        answer = answer_question("instagram", "instagram-main", query, ["s", "verify:chosen"])
        assert (answer.status, answer.body) == (200, b"1158201444")
    for token in ("s", "verify:chosen", "", verify_token("s", "instagram-other")):
        with pytest.raises(HandshakeError):
            answer_question("instagram", "instagram-main", {**asked, "hub.verify_token": token}, ["s", "verify:chosen"])


def test_the_hub_of_youtube_gets_its_challenge_for_a_feed_of_youtube() -> None:
    """Anybody can ask; what is confirmed is a subscription that we made, of a feed that we want."""
    topic = "https://www.youtube.com/xml/feeds/videos.xml?channel_id=UC1"
    query = {"hub.mode": "subscribe", "hub.topic": topic, "hub.challenge": "abc", "hub.lease_seconds": "432000"}
    assert answer_question("youtube", "youtube-main", query, ["s"]).body == b"abc"
    with pytest.raises(HandshakeError):
        answer_question("youtube", "youtube-main", {**query, "hub.topic": "https://other.example/"}, ["s"])


def test_others_are_not_answered() -> None:
    """A GET of a shop is somebody looking around."""
    with pytest.raises(HandshakeError):
        answer_question("shopify", "shopify-main", {"hub.challenge": "x"}, ["s"])


def test_the_ping_of_woocommerce_is_answered_with_200_and_an_order_is_not_taken_for_one() -> None:
    """It is unsigned: everything else has to be signed."""
    answer = answer_before_signature("woocommerce", kept("woocommerce_ping.txt"))
    assert answer is not None
    assert answer.status == 200
    assert answer_before_signature("woocommerce", kept("woocommerce_order_created.json")) is None
    assert answer_before_signature("shopify", delivery("shopify-main", b"webhook_id=12")) is None
