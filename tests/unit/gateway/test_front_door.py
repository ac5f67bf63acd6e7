"""Deliveries go straight to their endpoint, and everything else goes where it went."""

import pytest

from tests.unit.gateway.asking import Gateway
from tests.unit.streams.connectors.deliveries import kept


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/v1/hooks/instagram/main", "POST", 200),
        ("/v1/hooks/instagram/main", "PUT", 405),
        ("/v1/hooks/instagram/main/", "POST", 404),
        ("/v1/hooks/instagram/main/more", "POST", 404),
        ("/v1/hooks/instagram/", "POST", 404),
        ("/v1/hooks//main", "POST", 404),
        ("/v1/hooks/instagram", "POST", 404),
        ("/v1/hooks", "POST", 404),
        ("/v1/hooks/nobody/main", "POST", 404),
    ],
)
def test_only_an_address_of_a_hook_is_a_hook(path: str, method: str, status: int) -> None:
    """Addresses that are none are problems of the router, with its words."""
    one = kept("instagram_comments.json")
    answer = Gateway().ask(path, one.body, dict(one.headers), method)
    assert answer.status == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"


def test_what_breaks_in_an_endpoint_is_a_server_error() -> None:
    """A fault of ours ends in 500 for whoever sent it, and in an error that is seen: never in silence."""
    gateway, one = Gateway(), kept("instagram_comments.json")
    del gateway.state.placer
    with pytest.raises(AttributeError, match="placer"):
        gateway.ask("/v1/hooks/instagram/main", one.body, dict(one.headers))


def test_answers_that_are_shared_stay_as_they_are() -> None:
    """The same answer to two deliveries is the same bytes, and the second one's headers are its own."""
    gateway, one = Gateway(), kept("instagram_comments.json")
    first, second = (gateway.ask("/v1/hooks/instagram/main", one.body, dict(one.headers)) for _ in range(2))
    assert (first.status, first.body, first.headers) == (second.status, second.body, second.headers)
