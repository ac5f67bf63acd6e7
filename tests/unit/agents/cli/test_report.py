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


def test_events_of_another_campaign_are_named(where: Path) -> None:
    """Whoever took the wrong files is told whose events are in them."""
    (where / "spring.yaml").write_text(
        (where / "spring.yaml").read_text().replace("campaign_id: spring", "campaign_id: sprung")
    )
    done = run(where)
    assert done.exit_code == 2
    assert "no event of campaign 'sprung' was counted; there are events of 'spring'" in done.output


@pytest.mark.parametrize("option", ["--against", "--events", "--pdf"])
def test_what_is_read_is_not_written_over(where: Path, option: str) -> None:
    """The page neither takes the place of a file it is made from, nor that of its own PDF."""
    before = page(where)
    done = run(where, option, str(where / "report.html"))
    assert done.exit_code == 2
    assert f"{where / 'report.html'}: this file is" in done.output
    assert (where / "report.html").read_text() == before


def test_currencies_of_one_of_the_two_are_compared(where: Path) -> None:
    """Money that only the earlier or only this campaign has stands in the comparison, beside a dash."""
    earlier = page(where)
    (data,) = re.findall(r'"campaign-pulse-report">(.*?)</script>', earlier, re.DOTALL)
    figures = json.loads(data)
    euro = next(each for each in figures["money"] if each["currency"] == "EUR")
    figures["money"] = [euro | {"currency": "JPY", "net": "1200"}]
    (where / "earlier.html").write_text(earlier.replace(data, json.dumps(figures)))
    rows = _rows(page(where, "--against", str(where / "earlier.html")), "comparison")
    money = {row[0].removeprefix("Revenue less refunds, "): row[1:] for row in rows if "refunds" in row[0]}
    assert money["JPY"] == ["1,200\u00a0JPY", "–", "–"]
    assert money["EUR"][0] == "–"
    assert money["EUR"][1].endswith("EUR")


def test_shares_are_compared_in_points(where: Path) -> None:
    """A net mood that was 10 % and is something else has moved by points, not by a share of a share."""
    earlier = page(where)
    (data,) = re.findall(r'"campaign-pulse-report">(.*?)</script>', earlier, re.DOTALL)
    figures = json.loads(data)
    figures["total"]["engagement_rate_by_followers"] = 0.5
    now = json.loads(data)["total"]["engagement_rate_by_followers"]
    (where / "earlier.html").write_text(earlier.replace(data, json.dumps(figures)))
    rows = _rows(page(where, "--against", str(where / "earlier.html")), "comparison")
    (change,) = (row[3] for row in rows if row[0] == "Engagements / followers")
    assert change == f"{(now - 0.5) * 100:.1f} points"


def test_reach_that_nobody_reports_is_not_0(tmp_path: Path) -> None:
    """One comment: reach and views are not known, the mood has its numbers without a chart, and counts are whole."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    first = next(each for each in events() if each["type"] == "comment.created")
    for name in ("a", "b"):
        (tmp_path / f"{name}.ndjson").write_text(json.dumps(first))
    text = page(tmp_path)
    tiles = dict(re.findall(r"<div><dt>(.*?)</dt><dd>(.*?)</dd></div>", text))
    assert (tiles["Reach"], tiles["Views"], tiles["Comments"], tiles["Clicks"]) == ("–", "–", "1", "0")
    assert "Too few comments could be judged" in text
    assert ">0.25<" not in text


def _rows(text: str, name: str) -> list[list[str]]:
    (body,) = re.findall(rf'<table class="numbers {name}">.*?<tbody>(.*?)</tbody>', text, re.DOTALL)
    return [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", body)]
