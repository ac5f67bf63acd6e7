"""`campaign-pulse giveaway winners`, `entrants`, `left-out`, `why` and `certificate`: answers to people."""

import csv
import io
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from agents.offline.table_files import csv_cell
from models.events import CommentCreated, CommentDeleted
from models.suspicion import Finding, Suspect, SuspicionPolicy
from streams.giveaway.loaded import GiveawayData
from streams.ledger.collector import person_hash
from tests.unit import ledgers
from tests.unit.agents.cli.giveaway.conftest import put_in_place
from tests.unit.ledgers import OPENS_MS, block, loaded

NOW_MS = OPENS_MS + 7 * 3_600_000
HOSTILE = '=HYPERLINK("http://x","<script>alert(1)</script>")\x1b[31m\u202e"'


def comment(number: int, author: str, text: str = "in", at_ms: int = 1, **fields: Any) -> CommentCreated:
    """A comment, any field of which may be another one."""
    return msgspec.structs.replace(ledgers.comment(number, author, text, at_ms), **fields)


def run(*arguments: object) -> Result:
    """Run a giveaway command after the closing, without broker and Redis."""
    environment = {"PULSE_CLOCK": str(NOW_MS), "PULSE_REDIS_URL": ""}
    return CliRunner().invoke(cli, ["giveaway", *map(str, arguments)], env=environment)


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> GiveawayData:
    """Mia (renamed since, edited, twice), leo with a hostile text, two bad comments of noa, sam who deleted, a bot."""
    of_x = {"platform": "x"}
    comments = [
        comment(1, "mia", "hello", at_ms=1_000, comment_id="c1"),
        comment(1, "mia", "hello @tom", at_ms=2_000, comment_id="c1"),
        comment(2, "mia", "again @tom", at_ms=3_000),
        comment(3, "leo", f"{HOSTILE} @tom", at_ms=4_000, comment_id="1777", post_id="17", **of_x),
        comment(4, "noa", "nobody tagged", at_ms=5_000),
        comment(5, "noa", "too late @tom", at_ms=7 * 3_600_000),
        comment(6, "sam", "gone @tom", at_ms=6_000),
        comment(7, "bot", "win @tom", at_ms=7_000),
        comment(8, "eva", "elsewhere @tom", at_ms=8_000, post_id="other"),
    ]
    renamed = comment(9, "mia", "me too @tom", at_ms=9_000, author_handle="@mia.new")
    deleted = CommentDeleted(
        event_id="d", campaign_id="c", influencer_id="ana", platform="tiktok", occurred_at=OPENS_MS, comment_id="c6"
    )
    data = loaded(
        block(*comments, renamed, deleted), friends=1, posts=("p", "17"), suspicion=SuspicionPolicy(exclude=0.8)
    )
    bot = Suspect(
        person="tiktok/id-bot",
        handle="@bot",
        score=0.9,
        action="exclude",
        entries=1,
        findings=(Finding(reason="burst", strength=1.0, detail="9 comments in 3 s"),),
    )
    monkeypatch.setattr(
        "streams.suspicion.review.suspects_of", lambda _data, _policy: {person_hash("tiktok", "id-bot"): bot}
    )
    return put_in_place(monkeypatch, data)


@pytest.fixture
def drawn(ledger: GiveawayData, tmp_path: Path) -> Path:
    """Both entrants drawn, one as winner."""
    options = ("--winners", 1, "--substitutes", 1, "--source", "dice <b>&")
    frozen = run("freeze", "c", tmp_path / "draw", *options)
    assert frozen.exit_code == 0, frozen.output
    assert run("draw", tmp_path / "draw", "--randomness", "4 2 6").exit_code == 0
    return tmp_path / "draw"


def rows_of(text: str) -> dict[str, dict[str, str]]:
    """The rows of a CSV, by author id."""
    return {row["author_id"]: row for row in csv.DictReader(io.StringIO(text))}


def test_entrants_as_csv_and_json(drawn: Path) -> None:
    """Everybody of the list with chances, the comment that counts and its address; a formula is made a text."""
    found = rows_of(run("entrants", drawn, "--format", "csv").output)
    assert set(found) == {"id-mia", "id-leo"}
    leo, mia = found["id-leo"], found["id-mia"]
    assert (leo["platform"], leo["chances"], leo["comment_id"]) == ("x", "1", "1777")
    assert leo["link"] == "https://x.com/i/status/1777"
    assert leo["comment"].startswith("'=HYPERLINK")
    assert "\x1b" not in leo["comment"]
    assert "\u202e" not in leo["comment"]
    assert (mia["handle"], mia["comment"], mia["commented_at"]) == ("mia.new", "hello @tom", "2026-04-18T14:00:01Z")
    assert mia["link"] == ""
    as_json = json.loads(run("entrants", drawn, "--format", "json").output)
    assert {row["author_id"]: row["comment"] for row in as_json}["id-leo"] == f"{HOSTILE} @tom"
    assert [row["line"] for row in as_json] == [1, 2]


def test_winners_in_every_form(drawn: Path) -> None:
    """The table has accounts, CSV and JSON the comments; places are those of the draw."""
    record = json.loads((drawn / "draw.json").read_bytes())
    [winner, substitute] = json.loads(run("winners", drawn, "--format", "json").output)
    assert winner["entrant"] == record["winners"][0]["entrant"]
    assert (winner["place"], substitute["place"]) == ("winner 1", "substitute 1")
    assert {winner["account"], substitute["account"]} == {"x/@leo", "tiktok/@mia.new"}
    table = run("winners", drawn).output
    assert "winner 1" in table
    assert "x/@leo" in table
    assert len(list(csv.reader(io.StringIO(run("winners", drawn, "--format", "csv").output)))) == 3


def test_who_is_left_out_and_why(drawn: Path) -> None:
    """By the policy; with --invalid also everybody without a valid comment, and the rule that each breaks."""
    assert set(rows_of(run("left-out", drawn, "--format", "csv").output)) == {"id-bot"}
    found = rows_of(run("left-out", drawn, "--invalid", "--format", "csv").output)
    assert set(found) == {"id-bot", "id-noa", "id-sam", "id-eva"}
    assert found["id-eva"]["why"] == "no entry: the rules name other posts"
    assert (found["id-bot"]["what"], found["id-bot"]["why"]) == ("exclude", "burst")
    assert found["id-sam"]["what"] == "withdrawn"
    assert found["id-noa"]["what"] == "invalid"
    assert "0 friends are tagged who count, the rules want 1" in found["id-noa"]["why"]


def test_nothing_is_listed_of_a_changed_draw(drawn: Path) -> None:
    """Lists of a directory whose files do not belong together: exit code 1, and what differs."""
    (drawn / "left-out.txt").write_bytes(b"")
    for command in ("winners", "entrants", "left-out"):
        found = run(command, drawn)
        assert (found.exit_code, "left out: SHA-256" in found.output) == (1, True)


@pytest.mark.parametrize(
    ("person", "said"),
    [
        ("@mia", ["takes part with 1 chance", "version 2 of it: hello @tom", "valid: keeps every rule", "c2 on p"]),
        ("@MIA.new", ["tiktok/@mia.new (id-mia)", "another comment of this person has the chance already"]),
        ("noa", ["does not take part", "invalid (too_few_friends): 0 friends", "closed at 2026-04-18T20:00:00Z"]),
        ("id-sam", ["withdrawn: deleted, so it does not count"]),
        ("@bot", ["is excluded by the policy, suspicion 0.90 (burst: 9 comments in 3 s)"]),
        ("leo", ["x/@leo", "https://x.com/i/status/1777", "\\x1b[31m"]),
        ("twitter/@leo", ["x/@leo"]),
        ("https://x.com/leo", ["x/@leo"]),
        ("https://www.tiktok.com/@mia.new", ["tiktok/@mia.new (id-mia)"]),
    ],
)
def test_why(ledger: GiveawayData, person: str, said: list[str]) -> None:
    """Each comment with its verdict and the rule that decided, whatever handle the person bears now."""
    found = run("why", person, "--campaign", "c")
    assert found.exit_code == 0, found.output
    for words in said:
        assert words in found.output
    assert "\x1b" not in found.output


def test_why_says_where_somebody_stands_in_a_draw(drawn: Path) -> None:
    """Line of the list and place; after a replacement the reason, and the successor's new place."""
    [winner, substitute] = json.loads(run("winners", drawn, "--format", "json").output)
    found = run("why", winner["author_id"], "--directory", drawn)
    assert "listed in entries.txt, line " in found.output
    assert "drawn as winner 1" in found.output
    assert "listed in left-out.txt" in run("why", "@bot", "--directory", drawn).output
    assert "listed nowhere at the freeze" in run("why", "@noa", "--directory", drawn).output
    assert run("replace", drawn, winner["author_id"], "--reason", "did not answer").exit_code == 0
    found = run("why", winner["author_id"], "--directory", drawn, "--json")
    answer = json.loads(found.output)
    assert any(each.endswith("did not answer") for each in answer["draw"])
    assert answer["draw"][-1] == "not drawn, or not any more"
    assert "drawn as winner 1" in run("why", substitute["author_id"], "--directory", drawn).output


def test_why_names_whom_it_cannot_tell_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """One handle on two platforms: both are named, and --platform decides; nobody is exit code 2."""
    two = block(comment(1, "mia"), comment(2, "mia", platform="x", author_id="id-other"))
    put_in_place(monkeypatch, loaded(two))
    refused = run("why", "@mia", "--campaign", "c")
    assert refused.exit_code == 2
    assert "tiktok/id-mia, x/id-other" in refused.output
    assert "(id-other)" in run("why", "@mia", "--campaign", "c", "--platform", "x").output
    assert run("why", "@tom", "--campaign", "c").exit_code == 2


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-1", "'-1"),
        ("@mia", "'@mia"),
        (" =1", "' =1"),
        ("\t=1", "'\\t=1"),
        ("＝1", "'＝1"),
        ("mia", "mia"),
        ("a=b", "a=b"),
        ("", ""),
        (-1, "-1"),
        (None, ""),
    ],
)
def test_cells_are_harmless(value: Any, expected: str) -> None:
    """What a spreadsheet would compute begins with an apostrophe; numbers of ours and other texts stay."""
    assert csv_cell(value) == expected


class Page(HTMLParser):
    """Tags, attributes that load or run something, and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.loading: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.loading += [each for each in attrs if each[0] in ("src", "href", "style") or each[0].startswith("on")]

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


def test_a_certificate_is_one_page_that_loads_nothing(drawn: Path, tmp_path: Path) -> None:
    """Commitment, value, winners, steps and how to check; names and texts are text, and no address is in it."""
    out = tmp_path / "certificate.html"
    done = run("certificate", drawn, "--out", out)
    assert done.exit_code == 0, done.output
    text = out.read_text(encoding="utf-8")
    page = Page(text)
    assert page.tags <= {
        *("html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "div", "section", "bdi", "code"),
        *("dl", "dt", "dd", "ul", "ol", "li", "b", "span"),
    }
    assert page.loading == []
    assert "http://" not in text
    assert "https://" not in text
    record = json.loads((drawn / "draw.json").read_bytes())
    for words in (
        record["frozen"],
        record["winners"][0]["entrant"],
        "dice <b>&",
        "4 2 6",
        "1: freeze 1 of 2026-04-18T21:00:00Z",
        "campaign-pulse giveaway verify draw.json",
        "entries.txt VALUE 2",
        "the announced one ('dice <b>&')",
        "x",
    ):
        assert words in page.text, words
    assert "x/@leo" not in page.text
    assert "id-leo" not in page.text


def test_a_certificate_names_winners_on_demand(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With --names the account stands there, whatever it is called; a changed draw gets no certificate."""
    name = "<img src=x onerror=alert(1)>\u202e"
    put_in_place(monkeypatch, loaded(block(comment(1, "mia", author_handle=name))))
    directory, out = tmp_path / "draw", tmp_path / "certificate.html"
    assert run("freeze", "c", directory, "--source", "dice").exit_code == 0
    assert run("certificate", directory, "--out", out).exit_code == 2
    assert run("draw", directory, "--randomness", "4 2 6").exit_code == 0
    assert run("certificate", directory, "--out", out, "--names").exit_code == 0
    page = Page(out.read_text(encoding="utf-8"))
    assert "tiktok/@<img src=x onerror=alert(1)>\ufffd" in page.text
    assert (page.loading, "img" in page.tags) == ([], False)
    out.unlink()
    (directory / "entries.txt").write_bytes(b"0" * 32 + b" 1\n")
    assert run("certificate", directory, "--out", out).exit_code == 1
    assert not out.exists()
