"""`campaign-pulse export`: tables whose numbers are those of the events, harmless, and without people by default."""

import csv
import json
import sys
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from tests.unit.ledgers import OPENS_MS

NOW_MS = OPENS_MS + 7 * 3_600_000
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram, followers: 1000, discount_codes: [ANA10]}
  - {influencer_id: ben, handle: "=ben", platform: instagram}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
  friends: 1
  replies_count: false
  winners: 1
"""
TABLES = {"influencers", "campaign", "revenue", "posts", "minutes", "alerts", "orders", "entrants"}
FORMULA = '=HYPERLINK("http://x") @tom, "so\npretty"'


def event(type_: str, number: int, at_ms: int, **fields: Any) -> dict[str, Any]:
    """An event of the campaign."""
    common = {"type": type_, "event_id": f"e{number}", "campaign_id": "spring", "occurred_at": OPENS_MS + at_ms}
    return {**common, "platform": "instagram", **fields}


def comment(number: int, who: str, text: str, at_ms: int, influencer: str = "ana") -> dict[str, Any]:
    """A comment on the influencer's post."""
    person = {"comment_id": f"c{number}", "author_id": f"id-{who}", "author_handle": f"@{who}", "text": text}
    return event("comment.created", number, at_ms, influencer_id=influencer, post_id=f"post-{influencer}", **person)


def events() -> list[dict[str, Any]]:
    """A post with two reports, four comments (one deleted), an order of ana's that was edited and partly refunded."""
    post = {"influencer_id": "ana", "post_id": "post-ana"}
    shop = {"platform": "shop", "order_id": "o-1", "currency": "EUR"}
    buys = {**shop, "discount_code": "ana10", "author_id": "id-mia", "author_platform": "instagram"}
    return [
        event("post.published", 1, 0, **post),
        event("post.metrics", 2, 600_000, **post, likes=40, views=900),
        event("post.metrics", 3, 300_000, **post, likes=25, views=1000),
        event("post.reaction", 4, 301_000, **post, kind="like", count=2),
        comment(10, "mia", FORMULA, 60_000),
        comment(11, "mia", "again @tom", 3_660_000),
        comment(12, "leo", "nobody tagged", 61_000, "ben"),
        comment(13, "sam", "gone @tom", 62_000),
        event("comment.deleted", 14, 90_000, influencer_id="ana", comment_id="c13", post_id="post-ana"),
        event("purchase", 20, 120_000, **buys, amount="39.90"),
        event("purchase", 21, 180_000, **buys, amount="29.90"),
        event("refund", 22, 7_200_000, **shop, refund_id="r1", amount="9.90"),
    ]


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """Definition and events, shuffled, in two files that overlap."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    lines = [json.dumps(each) for each in events()]
    Random(5).shuffle(lines)
    (tmp_path / "a.ndjson").write_text("\n".join(lines[:8]))
    (tmp_path / "b.ndjson").write_text("\n".join(lines[4:]))
    return tmp_path


def export(where: Path, *options: object) -> Result:
    """Run the command on the files, without broker and Redis."""
    environment = {"PULSE_CLOCK": str(NOW_MS), "PULSE_BROKER": "127.0.0.1:1", "PULSE_REDIS_URL": "redis://127.0.0.1:1"}
    files = ("-d", where / "spring.yaml", "-e", where / "a.ndjson", "-e", where / "b.ndjson", "--out", where / "out")
    return CliRunner().invoke(cli, ["export", *map(str, (*files, *options))], env=environment)


def rows(where: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table's CSV."""
    with (where / "out" / f"{name}.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_numbers_are_those_of_the_events(where: Path) -> None:
    """Counted by hand, over files that overlap and are in no order."""
    done = export(where)
    assert done.exit_code == 0, done.output
    ana, ben = (row for row in rows(where, "influencers") if row["influencer_id"])
    assert (ana["handle"], ana["followers"], ana["comments"], ana["comments_deleted"]) == ("ana", "1000", "3", "1")
    # The newest report is that of ten minutes; a report and a reaction are added (docs/events.md).
    assert (ana["posts"], ana["likes"], ana["views"], ana["purchases"], ana["refunds"]) == ("1", "42", "900", "1", "1")
    assert (ben["handle"], ben["comments"], ben["followers"]) == ("'=ben", "1", "")
    [revenue] = rows(where, "revenue")
    assert (revenue["influencer_id"], revenue["currency"], revenue["orders"]) == ("ana", "EUR", "1")
    assert (Decimal(revenue["revenue"]), Decimal(revenue["refunded"])) == (Decimal("29.9"), Decimal("9.9"))
    [order] = rows(where, "orders")
    assert (order["influencer_id"], order["placed_at"], order["has_code"]) == (
        "ana",
        "2026-04-18T14:02:00.000Z",
        "true",
    )
    assert (Decimal(order["revenue"]), Decimal(order["refunded"])) == (Decimal("29.9"), Decimal("9.9"))
    [post, other] = rows(where, "posts")
    assert (post["post_id"], post["published_at"]) == ("post-ana", "2026-04-18T14:00:00.000Z")
    assert (post["comments"], post["commenters"], post["reactions"]) == ("2", "1", "2")
    assert (post["reported_likes"], post["reported_views"], post["reported_saves"]) == ("40", "900", "")
    assert (other["post_id"], other["published_at"], other["comments"]) == ("post-ben", "", "1")
    mia, leo, sam = rows(where, "entrants")
    assert (mia["takes_part"], mia["chances"], mia["entries"], mia["verdict"]) == ("true", "1", "2", "valid")
    assert (leo["takes_part"], leo["reasons"]) == ("false", "too_few_friends")
    assert (sam["takes_part"], sam["verdict"]) == ("false", "withdrawn")
    assert [row["number"] for row in (mia, leo, sam)] == ["1", "2", "3"]


def test_minutes_add_up_to_the_totals(where: Path) -> None:
    """Each minute once, over pauses of an hour, up to that of the newest event; the campaign's rows are marked."""
    assert export(where).exit_code == 0
    minutes = rows(where, "minutes")
    comments = {
        (row["influencer_id"], row["minute"][11:16]): int(row["comments"]) for row in minutes if int(row["comments"])
    }
    assert comments == {
        ("ana", "14:01"): 2,
        ("ben", "14:01"): 1,
        ("", "14:01"): 3,
        ("ana", "15:01"): 1,
        ("", "15:01"): 1,
    }
    assert {row["whole_campaign"] for row in minutes if row["influencer_id"]} == {"false"}
    [order] = [row for row in minutes if row["purchases"] == "1" and row["whole_campaign"] == "true"]
    assert (order["minute"], order["code_uses"]) == ("2026-04-18T14:02:00.000Z", "1")


def test_people_are_left_out_unless_they_are_asked_for(where: Path) -> None:
    """Without the option no file has an id, a handle, a text or an order's number; with it they are there, harmless."""
    done = export(where, "--format", "csv,parquet")
    assert done.exit_code == 0, done.output
    for path in (where / "out").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        for word in (b"id-mia", b"@mia", b"HYPERLINK", b"o-1", b"so\npretty"):
            assert word not in path.read_bytes(), (path.name, word)
    assert export(where, "--format", "csv,parquet", "--personal-data").exit_code == 2  # there are files already
    done = export(where, "--format", "csv,parquet", "--personal-data", "--force")
    assert done.exit_code == 0, done.output
    mia = rows(where, "entrants")[0]
    assert (mia["author_id"], mia["handle"], mia["comment"][:12]) == ("id-mia", "mia", "'=HYPERLINK(")
    assert rows(where, "orders")[0]["order_id"] == "o-1"
    found = duckdb.sql(f"select comment from '{where}/out/entrants.parquet' order by number").fetchall()
    assert found[0] == (FORMULA,)


def test_parquet_has_types_and_the_same_rows(where: Path) -> None:
    """Money as decimals, times as times, unknown as NULL and an empty text as itself."""
    assert export(where, "--format", "parquet,csv").exit_code == 0
    for name in TABLES:
        [(count,)] = duckdb.sql(f"select count(*) from '{where}/out/{name}.parquet'").fetchall()
        assert count == len(rows(where, name)), name
    order = duckdb.sql(
        f"select revenue, placed_at, has_code, influencer_id from '{where}/out/orders.parquet'"
    ).fetchall()
    assert [(each[0], each[1].isoformat(), *each[2:]) for each in order] == [
        (Decimal("29.900000"), "2026-04-18T14:02:00", True, "ana")
    ]
    whole = f"select count(*) from '{where}/out/minutes.parquet' where influencer_id is null"
    assert duckdb.sql(whole).fetchall() == [(sum(row["whole_campaign"] == "true" for row in rows(where, "minutes")),)]


def test_every_column_is_in_the_dictionary(where: Path) -> None:
    """With type and meaning, in the order of the table; README.md lists the tables and when they are of."""
    assert export(where).exit_code == 0
    words = rows(where, "dictionary")
    for name in TABLES:
        with (where / "out" / f"{name}.csv").open(newline="") as stream:
            header = next(csv.reader(stream))
        assert [row["column"] for row in words if row["table"] == name] == header
    assert all(row["meaning"] and row["type"] for row in words)
    assert not [row for row in words if row["personal"] == "yes"]
    text = (where / "out" / "README.md").read_text()
    assert text.startswith("# Spring\n\nA campaign as of 2026-04-18T16:01:08Z, without the columns that name people.")
    assert "| entrants | 3 |" in text


def test_a_draw_becomes_a_table(where: Path) -> None:
    """Under pseudonyms, and with the account where people are asked for."""
    files = ["-d", str(where / "spring.yaml"), "-e", str(where / "a.ndjson"), "-e", str(where / "b.ndjson")]
    draw = ["giveaway", "run", *files, "--out", str(where / "draw"), "--source", "dice", "--randomness", "1", "--yes"]
    assert CliRunner().invoke(cli, draw, env={"PULSE_CLOCK": str(NOW_MS)}).exit_code == 0
    done = export(where, "--draw", where / "draw")
    assert done.exit_code == 0, done.output
    [winner] = rows(where, "winners")
    assert winner["place"] == "winner 1"
    assert "account" not in winner
    assert export(where, "--draw", where / "draw", "--personal-data", "--force").exit_code == 0
    assert rows(where, "winners")[0]["account"] == "instagram/@mia"


def test_a_missing_library_is_named(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Parquet without its extra ends with what to install, and writes nothing; CSV needs nothing."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    refused = export(where, "--format", "parquet")
    assert (refused.exit_code, "campaign-pulse[export]" in refused.output) == (2, True), refused.output
    assert not (where / "out").exists()
    assert export(where).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--out", "x"], "which campaign"),
        (["--out", "x", "-d", "spring.yaml"], "belong together"),
        (["autumn", "--out", "x", "-d", "spring.yaml", "-e", "a.ndjson"], "has no campaign 'autumn'"),
        (["--out", "x", "-d", "spring.yaml", "-e", "a.ndjson", "--format", "xls"], "formats are csv and parquet"),
        (["--out", "a.ndjson", "-d", "spring.yaml", "-e", "a.ndjson"], "is a file"),
        (["spring", "--out", "x"], "Redis"),
    ],
)
def test_what_cannot_be_used_is_named(
    where: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], problem: str
) -> None:
    """Exit code 2 and a sentence; no directory is made."""
    monkeypatch.chdir(where)
    done = CliRunner().invoke(cli, ["export", *arguments], env={"PULSE_REDIS_URL": "redis://127.0.0.1:1"})
    assert (done.exit_code, problem in done.output) == (2, True), done.output
    assert not (where / "x").exists()
