"""The poller before it asks anything: its metrics and their page, and what it refuses."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from agents.cli.root import cli
from agents.metrics.exposition import exposition
from agents.settings import Settings
from gateway.polling.serve import Poller
from streams.connectors.polling.vendors import VENDORS, own_part, vendor_of

PAGE = Path(__file__).parents[4] / "docs" / "metrics.md"


def test_the_page_has_every_metric_of_the_poller_and_no_other() -> None:
    """Name and type: what somebody builds an alert on."""
    poller = Poller(Settings(poll_tokens="youtube-main=k"))
    poller._source("youtube-main")
    text = exposition(poller._metrics.registry).decode()
    served = set(re.findall(r"^# TYPE (campaign_poll_\w+) (\w+)$", text, re.MULTILINE))
    told = set(re.findall(r"^\| `(campaign_poll_\w+)` \| (\w+) \|", PAGE.read_text("utf-8"), re.MULTILINE))
    assert told == served


@pytest.mark.parametrize(
    ("tokens", "addresses", "expected"),
    [
        ("", "", "PULSE_POLL_TOKENS is not set"),
        ("myspace-main=t0ken", "", "'myspace-main' begins with none of: hootsuite, instagram,"),
        ("shopify-main=t0ken", "", "PULSE_POLL_ADDRESSES has no address of 'shopify-main'"),
        ("x-main=t0ken", "x=https://x.example", "'x' has no token"),
    ],
)
def test_what_cannot_be_asked_is_said_before_anything_is(
    tokens: str, addresses: str, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is no API's, a shop without an address, an address without a token: exit code 2 and the name."""
    monkeypatch.setenv("PULSE_POLL_TOKENS", tokens)
    monkeypatch.setenv("PULSE_POLL_ADDRESSES", addresses)
    done = CliRunner().invoke(cli, ["gateway", "poll"])
    assert (done.exit_code, expected in done.stderr) == (2, True), done.stderr
    assert "t0ken" not in done.output


def test_a_name_says_the_api_and_whose_it_is() -> None:
    """The longest beginning counts; an alias is the same API."""
    assert vendor_of("tiktok-display-ana") is VENDORS["tiktok-display"]
    assert vendor_of("tiktok-ana") is VENDORS["tiktok"]
    assert vendor_of("woo-at") is VENDORS["woocommerce"]
    assert vendor_of("xylophone-main") is None
    assert [own_part(name) for name in ("tiktok-display-ana", "tiktok-ana", "woo-at", "x")] == ["ana", "ana", "at", ""]
