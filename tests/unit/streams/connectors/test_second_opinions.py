"""Vendors' own libraries sign and verify as we do, and read the same envelopes."""

import json
from datetime import UTC, datetime

import pytest
import standardwebhooks
import stripe
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from cloudevents.core.formats.json import JSONFormat

from streams.connectors.catalogue import CATALOGUE
from streams.connectors.signatures import SignatureError, sign, verify
from tests.unit.streams.connectors.deliveries import SECRETS, events_of, kept

BODY = '{"type":"purchase","text":"🎉"}'


def test_stripes_library_takes_what_we_sign_and_we_take_what_it_signs() -> None:
    """Both directions, and both refuse another body."""
    now = int(datetime.now(UTC).timestamp())
    scheme = CATALOGUE["stripe"].schemes[0]
    header = sign(scheme, "whsec_x", BODY.encode(), str(now))["Stripe-Signature"]
    assert stripe.WebhookSignature.verify_header(BODY, header, "whsec_x", 300)
    theirs = stripe.WebhookSignature._compute_signature(f"{now}.{BODY}", "whsec_x")
    told = {"stripe-signature": f"t={now},v1={theirs}"}
    assert verify([scheme], ["whsec_x"], told, BODY.encode(), now * 1_000).secret == 0
    with pytest.raises(stripe.SignatureVerificationError):
        stripe.WebhookSignature.verify_header(BODY + " ", header, "whsec_x", 300)


def test_the_library_of_standard_webhooks_agrees() -> None:
    """Both directions, and both refuse another secret."""
    now = datetime.now(UTC).replace(microsecond=0)
    scheme, secret = CATALOGUE["standard"].schemes[0], SECRETS["standard"]
    theirs = standardwebhooks.Webhook(secret)
    stamp = str(int(now.timestamp()))
    headers = sign(scheme, secret, BODY.encode(), stamp, "msg_1")
    assert theirs.verify(BODY, headers) == json.loads(BODY)
    told = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": theirs.sign("msg_1", now, BODY)}
    assert verify([scheme], [secret], told, BODY.encode(), int(now.timestamp()) * 1_000).secret == 0
    with pytest.raises(SignatureError):
        verify([scheme], ["whsec_AAAA"], told, BODY.encode(), int(now.timestamp()) * 1_000)


@pytest.mark.parametrize("name", ["cloudevents_binary.json", "cloudevents_structured.json"])
def test_the_library_of_cloud_events_reads_the_same(name: str) -> None:
    """Id, source, type, time and subject, in both modes."""
    one = kept(name)
    theirs = from_http_event(HTTPMessage(headers=dict(one.headers), body=one.body), JSONFormat())
    (ours,) = events_of(one)
    assert ours["event_id"] == f"{theirs.get_source()}#{theirs.get_id()}"
    assert theirs.get_type().endswith("." + ours["type"])
    assert theirs.get_subject() == f"{ours['campaign_id']}/{ours['influencer_id']}"
    told = theirs.get_time()
    assert told is not None
    assert told == datetime.fromisoformat(ours["occurred_at"])
