"""`campaign-pulse report`: a page whose numbers are those of the events, that loads nothing, in two languages."""

import base64
import csv
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from streams.reports.page import figures_in
from tests.unit.agents.cli.test_export import DEFINITION, NOW_MS, comment, events

HOSTILE = '</script><img src=x onerror=alert(1)>"\u202e'
FEES = {"ana": "{amount: '20', currency: EUR}", "ben": "{amount: '5.5', currency: USD}"}


class Tags(HTMLParser):
    """Tags of a page, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take one."""
        self.found.append((tag, dict(attrs)))


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A definition with fees, and events of which four come twice and one line is none."""
    definition = DEFINITION.replace("discount_codes: [ANA10]", f"discount_codes: [ANA10], fee: {FEES['ana']}")
    definition = definition.replace("platform: instagram}\n", f"platform: instagram, fee: {FEES['ben']}}}\n")
    (tmp_path / "spring.yaml").write_text(definition)
    lines = [json.dumps(each) for each in events()]
    (tmp_path / "a.ndjson").write_text("\n".join([*lines[:8], "{"]))
    (tmp_path / "b.ndjson").write_text("\n".join(lines[4:]))
    return tmp_path


def run(where: Path, *more: str) -> Result:
    """Run the command over both files, writing `report.html`."""
    files = ["-d", str(where / "spring.yaml"), "-e", str(where / "a.ndjson"), "-e", str(where / "b.ndjson")]
    out = ["--out", str(where / "report.html")]
    return CliRunner().invoke(cli, ["report", *files, *out, *more], env={"PULSE_CLOCK": str(NOW_MS)})


def page(where: Path, *more: str) -> str:
    """The page."""
    done = run(where, *more)
    assert done.exit_code == 0, done.output
    return (where / "report.html").read_text()


def tables(text: str) -> dict[str, list[dict[str, Any]]]:
    """Every table that can be taken from a page as CSV."""
    found = {}
    for tag, attributes in Tags(text).found:
        if tag == "a" and (name := attributes.get("download")):
            data = base64.b64decode((attributes["href"] or "").partition("base64,")[2]).decode("utf-8-sig")
            found[name] = list(csv.DictReader(io.StringIO(data)))
    return found


def test_numbers_are_those_of_the_events(where: Path) -> None:
    """An order counts once in its newest version, less its refund; fees make costs; currencies stay apart."""
    report = figures_in(page(where))
    by_currency = {each.currency: each for each in report.money}
    euro, dollar = by_currency["EUR"], by_currency["USD"]
    assert (euro.orders, euro.revenue, euro.refunded, euro.net, euro.fees) == (1, "29.9", "9.9", "20", "20")
    assert (euro.return_on_fees, euro.cost_by_order) == (1.0, "20.0000")
    assert (dollar.orders, dollar.net, dollar.fees, dollar.return_on_fees) == (0, "0", "5.5", 0.0)
    assert dollar.cost_by_order is None
    creators = {each.influencer_id: each for each in report.creators}
    assert (creators["ana"].share_of_voice, creators["ben"].share_of_voice) == (0.75, 0.25)
    assert (creators["ana"].tier, creators["ben"].tier) == ("nano", None)
    (best, _) = report.posts
    assert (best.post_id, best.likes, best.views, best.comments) == ("post-ana", 40, 900, 2)
    quality = report.quality
    assert (quality.lines, quality.events, quality.duplicates, quality.refused) == (17, 12, 4, {"invalid_json": 1})


def test_tables_say_the_same_as_csv(where: Path) -> None:
    """What the page shows can be taken along; a name that begins like a formula is harmless."""
    found = tables(page(where))
    assert {"creators.csv", "money.csv", "money-by-creator.csv", "posts.csv"} <= found.keys()
    assert {row["Creator"] for row in found["creators.csv"]} == {"ana", "'=ben"}
    (euro,) = [row for row in found["money.csv"] if row["Currency"] == "EUR"]
    assert (euro["Revenue"], euro["Refunded"], euro["Revenue less refunds"]) == ("29.9", "9.9", "20")


def test_a_page_needs_nothing_and_runs_nothing(where: Path) -> None:
    """What others wrote is text; nothing is loaded, and the only script is data."""
    spring = (where / "spring.yaml").read_text().replace('"=ben"', json.dumps(HOSTILE.rstrip("\u202e")))
    (where / "spring.yaml").write_text(spring)
    with (where / "b.ndjson").open("a") as lines:
        lines.write("\n" + json.dumps({**comment(90, "eve", "hi", 95_000, "ben"), "post_id": HOSTILE}))
    text = page(where)
    tags = Tags(text).found
    assert [attributes.get("type") for tag, attributes in tags if tag == "script"] == ["application/json"]
    assert not {tag for tag, _ in tags} & {"img", "link", "iframe", "object", "form"}
    assert not [name for _, attributes in tags for name in attributes if name.startswith("on")]
    addresses = [attributes["href"] or "" for _, attributes in tags if "href" in attributes]
    assert all(address.startswith("data:text/csv") for address in addresses)
    shown = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert "\u202e" not in shown
    assert "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;" in shown


def test_german_numbers_and_words(where: Path) -> None:
    """A German page says so to browsers, and writes numbers as Germans do."""
    text = page(where, "--language", "de")
    assert '<html lang="de">' in text
    assert "20,00\u00a0EUR" in text
    assert "Kosten und Ertrag" in text


def test_a_report_beside_an_earlier_one(where: Path) -> None:
    """The figures of an earlier page are compared; a page that is none is refused with its name."""
    page(where)
    (where / "report.html").rename(where / "earlier.html")
    (row,) = [
        row
        for row in tables(page(where, "--against", str(where / "earlier.html")))["comparison.csv"]
        if row["What"] == "Comments"
    ]
    assert (row["Earlier"], row["This campaign"], float(row["Change"])) == ("4", "4", 0.0)
    (where / "other.html").write_text("<p>hello")
    refused = run(where, "--against", str(where / "other.html"))
    assert refused.exit_code == 2
    assert "other.html: it is no report of campaign-pulse" in refused.output


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tiers: 7", "Expected `array`"),
        ("{source: a, dated: b, tiers: [{name: x, from_followers: 5}]}", "from_followers must rise from 0"),
        (
            "{source: a, dated: b, tiers: [{name: x, from_followers: 0}], "
            "bands: [{platform: tiktok, tier: y, least: 0.1, most: 0.2}]}",
            "there is no tier 'y'",
        ),
    ],
)
def test_wrong_bands_are_named(where: Path, text: str, told: str) -> None:
    """A table of one's own that cannot be is refused with the field and the value."""
    (where / "bands.yaml").write_text(text)
    refused = run(where, "--bands", str(where / "bands.yaml"))
    assert refused.exit_code == 2
    assert told in refused.output


def test_bands_of_ones_own(where: Path) -> None:
    """Tiers are configuration: with other limits somebody is of another tier, and the source is named."""
    (where / "bands.yaml").write_text(
        "{source: Our own, dated: 2026-11, tiers: [{name: tiny, from_followers: 0}, {name: big, from_followers: 500}],"
        " bands: [{platform: instagram, tier: big, least: 0.001, most: 0.002}]}"
    )
    text = page(where, "--bands", str(where / "bands.yaml"))
    assert [each.tier for each in figures_in(text).creators if each.influencer_id == "ana"] == ["big"]
    assert "above the usual" in text
    assert "Our own (2026-11)" in text


def test_a_campaign_without_an_event_is_refused(where: Path) -> None:
    """There is no report of nothing."""
    for name in ("a", "b"):
        (where / f"{name}.ndjson").write_text("")
    refused = run(where)
    assert refused.exit_code == 2
    assert "no event of campaign 'spring' was counted" in refused.output
