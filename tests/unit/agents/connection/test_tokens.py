"""Tokens of OAUTHBEARER, from a real endpoint on this machine."""

import asyncio
import base64
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agents.connection.tokens import (
    TokenClient,
    TokenError,
    TokenSource,
    aiokafka_provider,
    kafka_python_provider,
)
from agents.embedded.processes import free_port
from tests.brokers.security import TokenServer

SECRET = "a:b %/\u00fc"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory for the server's keys."""
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def server(keys: Path) -> Iterator[TokenServer]:
    """A token endpoint that knows one client, whose secret has to be encoded."""
    with TokenServer(keys, {"pulse": SECRET}, life_seconds=60) as running:
        yield running


def subject(token: str) -> str:
    """Whom a token is for."""
    claims = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sub"])


def test_one_token_serves_all_clients_until_it_is_renewed_before_its_end(server: TokenServer) -> None:
    """Every connection asks; the endpoint is asked once for the life of a token, and again before that is over."""
    source = TokenSource(TokenClient(token_url=server.url, client_id="pulse", client_secret=SECRET))
    with ThreadPoolExecutor(8) as threads:
        tokens = set(threads.map(lambda _: source.token(), range(40)))
    assert server.issued == 1
    assert [subject(token) for token in tokens] == ["pulse"]
    server.life_seconds = 0
    hurried = TokenSource(TokenClient(token_url=server.url, client_id="pulse", client_secret=SECRET, scope="kafka"))
    for _ in range(3):
        hurried.token()
    assert server.issued == 4  # a token that ends at once is good for the connection that asked, and no other


def test_both_libraries_get_the_same_token(server: TokenServer) -> None:
    """Aiokafka awaits it and kafka-python calls for it; extensions go with it."""
    client = TokenClient(
        token_url=server.url, client_id="pulse", client_secret=SECRET, extensions=(("logicalCluster", "lkc-1"),)
    )
    awaited, called = aiokafka_provider(client), kafka_python_provider(client)
    assert asyncio.run(awaited.token()) == called.token()
    assert awaited.extensions() == called.extensions() == {"logicalCluster": "lkc-1"}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"client_secret": "wrong-s3cret"}, "HTTP 401 invalid_client: no such client"),
        ({"token_url": "{other}"}, "does not answer"),
    ],
)
def test_a_token_that_cannot_be_had_is_said_in_the_endpoints_words(
    server: TokenServer, changed: dict[str, str], words: str
) -> None:
    """The message names the endpoint and never the secret."""
    values = {"token_url": server.url, "client_id": "pulse", "client_secret": SECRET}
    values |= {name: text.format(other=f"http://127.0.0.1:{free_port()}/token") for name, text in changed.items()}
    with pytest.raises(TokenError, match=words) as caught:
        TokenSource(TokenClient(**values)).token()
    assert values["token_url"] in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert caught.value.is_silent == ("token_url" in changed)
