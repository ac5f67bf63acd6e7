"""`campaign-pulse giveaway run`: the whole way on files, left at any step and taken up again."""

import csv
import json
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from streams.giveaway.drand import known_chain
from tests.unit import drand_chains as made
from tests.unit.ledgers import OPENS_MS

CLOSES_MS = OPENS_MS + 6 * 3_600_000
PEOPLE = 8
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
  replies_count: false
  friends: 1
  excluded: ["@staff"]
  winners: 2
"""


def comments() -> list[dict[str, object]]:
    """Eight people who tag a friend, one who tags nobody, and one of the staff."""
    texts = {f"p{n}": f"me and @friend{n}" for n in range(PEOPLE)} | {"alone": "me", "staff": "me @p1"}
    return [
        {
            "type": "comment.created",
            "event_id": f"e{n}",
            "campaign_id": "spring",
            "influencer_id": "ana",
            "platform": "instagram",
            "occurred_at": OPENS_MS + 60_000 * n,
            "post_id": "post",
            "comment_id": f"c{n}",
            "author_id": f"id-{who}",
            "author_handle": f"@{who}",
            "text": text,
        }
        for n, (who, text) in enumerate(texts.items())
    ]


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """A directory with definition and events."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    (tmp_path / "comments.ndjson").write_text("".join(f"{json.dumps(each)}\n" for each in comments()))
    return tmp_path


def run(where: Path, *options: object, typed: str = "", now_ms: int = CLOSES_MS + 60_000) -> Result:
    """Run the command after the closing, with answers that are typed in; no broker and no Redis answers."""
    environment = {"PULSE_CLOCK": str(now_ms), "PULSE_BROKER": "127.0.0.1:1", "PULSE_REDIS_URL": "redis://127.0.0.1:1"}
    files = ("-d", where / "spring.yaml", "-e", where / "comments.ndjson", "--out", where / "draw")
    arguments = ["giveaway", "run", *map(str, files), *map(str, options)]
    return CliRunner().invoke(cli, arguments, env=environment, input=typed)


def published(where: Path) -> dict[str, bytes]:
    """Every file of the draw that a second run must not change."""
    names = ("frozen.json", "entries.txt", "left-out.txt", "draw.json", "log.json", "secret.key")
    return {name: (where / "draw" / name).read_bytes() for name in names if (where / "draw" / name).exists()}


def rows(where: Path, name: str) -> list[dict[str, str]]:
    """The rows of a list."""
    with (where / "draw" / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_from_comments_to_a_certificate_in_one_command(where: Path) -> None:
    """Counts, lists, certificate and verification; all for its owner alone; again changes nothing."""
    done = run(where, "--source", "dice", "--randomness", "4 2 6", "--substitutes", 1, "--yes")
    assert done.exit_code == 0, done.output
    assert "10 entries: 8 valid, 0 duplicate, 2 invalid" in done.output
    assert "note: the value was known when the list was frozen" in done.output
    assert "verified: 2 winners, 1 substitutes; 8 entrants, 8 chances" in done.output
    assert [row["place"] for row in rows(where, "winners.csv")] == ["winner 1", "winner 2", "substitute 1"]
    assert {row["author_id"] for row in rows(where, "entrants.csv")} == {f"id-p{n}" for n in range(PEOPLE)}
    assert [(row["handle"], row["what"]) for row in rows(where, "left-out.csv")] == [
        ("alone", "invalid"),
        ("staff", "invalid"),
    ]
    assert (where / "draw" / "certificate.html").read_text().startswith("<!doctype html>")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (where / "draw").iterdir()}
    private = {name for name, mode in modes.items() if mode == 0o600}
    assert private == modes.keys()
    before = published(where)
    again = run(where, "--source", "dice", "--randomness", "4 2 6", "--substitutes", 1, "--yes")
    assert (again.exit_code, published(where)) == (0, before), again.output
    assert len((where / "spring.draws.ndjson").read_text().splitlines()) == 2


def test_it_asks_before_what_cannot_be_undone(where: Path) -> None:
    """A no, or the end of the input, leaves everything as it is; the same command goes on where it was left."""
    for answer in ("n\n", ""):
        left = run(where, "--source", "dice", typed=answer)
        assert left.exit_code == 3, left.output
        assert "left before the freeze" in left.output
        assert published(where) == {}
    no_value = run(where, "--source", "dice", typed="y\n\n")
    assert no_value.exit_code == 3, no_value.output
    assert "publish the files of" in no_value.output
    frozen = published(where)
    refused = run(where, "--source", "dice", typed="4 2 6\nn\n")
    assert (refused.exit_code, published(where)) == (3, frozen)
    done = run(where, "--source", "dice", typed="4 2 6\ny\n")
    assert done.exit_code == 0, done.output
    assert json.loads((where / "draw" / "draw.json").read_bytes())["randomness"] == "4 2 6"
    assert published(where)["frozen.json"] == frozen["frozen.json"]
    assert "the value was known" not in done.output


def test_scripts_are_not_asked_and_told_what_is_missing(where: Path) -> None:
    """With --yes and no value the list is frozen, and the exit code says that the rest is to come."""
    left = run(where, "--source", "dice", "--yes")
    assert left.exit_code == 3, left.output
    assert sorted(published(where)) == ["entries.txt", "frozen.json", "left-out.txt", "log.json", "secret.key"]
    assert run(where, "--source", "dice", "--yes", "--randomness", "4 2 6").exit_code == 0


def test_a_drand_round_is_awaited(where: Path) -> None:
    """Before the round is made the run ends with its time; then the answer in a file proves it."""
    (where / "info.json").write_text(made.info(made.ON_G1))
    options = ("--yes", "--drand-chain", where / "info.json", "--at", "2026-04-18T21:00:00Z")
    waiting = run(where, *options)
    assert waiting.exit_code == 3, waiting.output
    record = json.loads((where / "draw" / "frozen.json").read_bytes())["randomness"]
    assert f"round {record['round']} of drand is made at {record['round_at']}" in waiting.output
    late = CLOSES_MS + 2 * 3_600_000
    assert known_chain(record["chain"]["hash"]) is None
    nowhere = run(where, *options, now_ms=late)
    assert (nowhere.exit_code, "--randomness-from" in nowhere.output) == (3, True)
    (where / "answer.json").write_text(json.dumps(made.answer(made.ON_G1, record["round"])))
    done = run(where, *options, "--randomness-from", where / "answer.json", now_ms=late)
    assert done.exit_code == 0, done.output
    assert "proved      the random value is that of round" in done.output
    assert "was known" not in done.output


def test_steps_that_were_cut_off_are_taken_up(where: Path) -> None:
    """A crash between a record and its step in the log, or before the record: nothing is lost or done twice."""
    draw, log = where / "draw", where / "spring.draws.ndjson"
    assert run(where, "--source", "dice", "--yes").exit_code == 3
    whole, key = log.read_bytes(), (draw / "secret.key").read_bytes()
    log.unlink()
    (draw / "log.json").unlink()
    assert run(where, "--source", "dice", "--yes").exit_code == 3
    assert log.read_bytes() == whole
    assert json.loads((draw / "log.json").read_bytes()) == [json.loads(whole)]
    log.unlink()
    for name in ("frozen.json", "log.json"):
        (draw / name).unlink()
    assert run(where, "--source", "dice", "--yes").exit_code == 3
    assert (draw / "secret.key").read_bytes() == key
    assert run(where, "--source", "dice", "--yes", "--randomness", "1").exit_code == 0
    both = log.read_bytes()
    log.write_bytes(both.splitlines(keepends=True)[0])
    (draw / "winners.csv").unlink()
    done = run(where, "--source", "dice", "--yes", "--randomness", "1")
    assert done.exit_code == 0, done.output
    assert log.read_bytes() == both
    assert len(rows(where, "winners.csv")) == 2


def test_events_that_changed_since_are_noted_and_the_list_decides(where: Path) -> None:
    """A comment that came, or changed, after the freeze: said, and the draw is made of the frozen list."""
    assert run(where, "--source", "dice", "--yes").exit_code == 3
    file = where / "comments.ndjson"
    file.write_text(file.read_text().replace("@friend3", "@friend4"))
    done = run(where, "--source", "dice", "--yes", "--randomness", "1")
    assert done.exit_code == 0, done.output
    assert "note: events: the facts are others than those of the list (the same number)" in done.output
    assert len(rows(where, "entrants.csv")) == PEOPLE


def test_a_draw_that_was_deleted_needs_a_reason(where: Path) -> None:
    """The log remembers it: drawn again only with a reason on the record."""
    assert run(where, "--source", "dice", "--yes", "--randomness", "1").exit_code == 0
    (where / "draw" / "draw.json").unlink()
    refused = run(where, "--source", "dice", "--yes", "--randomness", "2")
    assert (refused.exit_code, "this is draw 2 of the campaign" in refused.output) == (2, True), refused.output
    again = run(where, "--source", "dice", "--yes", "--randomness", "2", "--reason", "misread")
    assert again.exit_code == 0, again.output


def test_a_list_that_was_changed_is_not_drawn_from(where: Path) -> None:
    """Exit code 1 with the file that differs."""
    assert run(where, "--source", "dice", "--yes").exit_code == 3
    entries = where / "draw" / "entries.txt"
    entries.write_bytes(entries.read_bytes().replace(b" 1\n", b" 2\n", 1))
    refused = run(where, "--source", "dice", "--yes", "--randomness", "1")
    assert (refused.exit_code, "differs: entry list" in refused.output) == (1, True), refused.output


def test_what_an_export_does_not_say_is_said_by_options(where: Path) -> None:
    """Whose post it is and in which zone its times are, as for `import`; without them the reason names the option."""
    definition = where / "spring.yaml"
    definition.write_text(
        definition.read_text().replace(
            "giveaway:", "  - {influencer_id: ben, handle: '@ben', platform: instagram}\ngiveaway:"
        )
    )
    header = "comment_id,username,created_at,text"
    comments = [f"1790000000000000{n},p{n},2026-04-18 17:0{n}:00,me @friend{n}" for n in range(3)]
    (where / "comments.ndjson").write_text("\n".join([header, *comments]))
    unsaid = {"--influencer": "ana", "--post": "17999", "--zone": "Europe/Vienna"}
    wanted: list[str] = []
    while unsaid:
        refused = run(where, "--source", "dice", "--yes", *wanted)
        assert refused.exit_code == 2, refused.output
        option = next(each for each in unsaid if f"give {each}" in refused.output)
        wanted += [option, unsaid.pop(option)]
    done = run(where, "--source", "dice", "--yes", "--randomness", "1", *wanted)
    assert done.exit_code == 0, done.output
    assert [row["post_id"] for row in rows(where, "entrants.csv")] == ["17999"] * 3


@pytest.mark.parametrize(
    ("change", "options", "problem"),
    [
        ("", ("--campaign", "autumn"), "has no campaign 'autumn'; it has spring"),
        ("", ("--randomness", "1", "--randomness-from", "x"), "either --randomness or --randomness-from"),
        ("", (), "the rules name no round (draw)"),
        ("comments", ("--source", "dice"), "no header of a source that is known was found"),
        ("definition", ("--source", "dice"), "those with a giveaway: none"),
    ],
)
def test_what_cannot_be_used_is_named(where: Path, change: str, options: tuple[str, ...], problem: str) -> None:
    """Exit code 2, and no step is taken."""
    if change == "comments":
        (where / "comments.ndjson").write_text("id,text\n1,in\n")
    elif change == "definition":
        (where / "spring.yaml").write_text(DEFINITION[: DEFINITION.index("giveaway:")])
    done = run(where, *options, "--yes")
    assert (done.exit_code, problem in done.output) == (2, True), done.output
    assert published(where) == {}
    assert not (where / "spring.draws.ndjson").exists()


def test_files_need_their_definition(where: Path) -> None:
    """--events alone does not say whose events they are; --definition alone names no events."""
    events = ["--events", str(where / "comments.ndjson")]
    alone = CliRunner().invoke(cli, ["giveaway", "review", "spring", *events])
    assert (alone.exit_code, "--events needs --definition" in alone.output) == (2, True)
    definition = ["--definition", str(where / "spring.yaml")]
    without = CliRunner().invoke(cli, ["giveaway", "why", "@p1", *definition])
    assert (without.exit_code, "which files of events" in without.output) == (2, True)
