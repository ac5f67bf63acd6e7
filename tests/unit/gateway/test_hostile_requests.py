"""Requests that were made to harm: an answer below 500 to each, and nothing of them counts."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.sources import KINDS
from streams.connectors.catalogue import ALIASES
from tests.unit.gateway.asking import KEY, Gateway

HEADERS = st.sampled_from(
    [
        *("content-type", "content-encoding", "content-length", "authorization", "x-api-key", "x-pulse-secret"),
        *("x-hub-signature-256", "x-shopify-hmac-sha256", "stripe-signature", "webhook-signature", "tiktok-signature"),
        *("webhook-id", "webhook-timestamp", "twitch-eventsub-message-type", "x-shopify-topic", "ce-id", "user-agent"),
    ]
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=60) | st.sampled_from(
    ["sha256=", "sha256=" + "0" * 64, "t=1,v1=00", "t=,s=", "v1,", "Basic :", "Bearer ", "gzip", "zstd", "-1", "9" * 40]
)
WORDS = st.sampled_from(
    [*KINDS, *ALIASES, "v1", "hooks", "..", "%2e", "main", "main.x", "l", "mp", "collect", "a" * 500]
)
PATHS = st.lists(WORDS, max_size=5).map(lambda parts: "/" + "/".join(parts)) | st.builds(
    "/v1/hooks/{}/main?{}".format, st.sampled_from(KINDS), st.text(st.characters(codec="ascii"), max_size=30)
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "FOO"])
KEYLESS = ["/v1/events", "/v1/track", "/v1/batch", "/mp/collect", "/l/bio"]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=PATHS | st.sampled_from(KEYLESS),
    method=METHODS,
    headers=st.lists(st.tuples(HEADERS, VALUES), max_size=6),
    body=st.binary(max_size=200),
)
def test_what_a_stranger_sends_is_refused_and_counts_nothing(
    path: str, method: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    """Any path, method, header and body, without a secret: no error of ours, and nothing goes to Kafka."""
    gateway = Gateway()
    answer = gateway.ask(path, body, headers, method)
    assert answer.status < 500
    assert gateway.published == []


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["/v1/events", "/v1/track", "/v1/batch", f"/mp/collect?api_secret={KEY}"]),
    headers=st.lists(st.tuples(HEADERS.filter(lambda name: name != "authorization"), VALUES), max_size=4),
    body=st.binary(max_size=200) | st.sampled_from([b"[]", b"{}", b"null", b'[{"type":"click"}]', b'{"batch":[1]}']),
)
def test_what_somebody_with_a_key_sends_wrongly_is_an_answer(
    path: str, headers: list[tuple[str, str]], body: bytes
) -> None:
    """A program that is broken gets a reason, and not an error of ours."""
    gateway = Gateway()
    answer = gateway.ask(path, body, [("authorization", f"Bearer {KEY}"), *headers])
    assert answer.status < 500
    assert gateway.events == []
