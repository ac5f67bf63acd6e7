"""Which addresses a message may go to."""

import asyncio

import pytest

from gateway.webhooks.addresses import is_literal, is_public
from gateway.webhooks.posting import Poster
from models.webhooks import WebhookRules


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # nobody binds it
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "not an address",
    ],
)
def test_addresses_that_are_not_of_the_public_internet(address: str) -> None:
    """Loopback, private and shared networks, the clouds' metadata, and what carries one of them inside."""
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_addresses_of_the_public_internet(address: str) -> None:
    """Those that everybody reaches."""
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "[::1]", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"]
)
def test_nothing_is_sent_to_this_machine_however_it_is_written(host: str) -> None:
    """Numbers in every notation that the system's resolver reads, and names; whether a literal or not."""

    async def post() -> str:
        poster = Poster(2.0)
        try:
            rules = WebhookRules(name="a", url=f"https://{host}:1/", alerts=("opened",))
            return (await poster.post(rules, (), "msg_1", b"{}")).problem
        finally:
            await poster.close()

    problem = asyncio.run(post())
    assert "not public" in problem or "InvalidUrl" in problem  # of some notations the client knows that they are none


def test_literals_are_known() -> None:
    """They are connected to without asking a resolver."""
    assert [is_literal(each) for each in ("127.0.0.1", "::1", "localhost", "127.1")] == [True, True, False, False]
