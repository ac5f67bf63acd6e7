"""`campaign-pulse campaigns init`: drafts that `campaigns check` accepts, from answers, options and rosters."""

from pathlib import Path

import openpyxl
import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from agents.stages.definitions import read_definitions
from models.times import MINUTE_MS, epoch_ms

TIMES = ("--starts", "2026-04-18 16:00", "--ends", "2026-04-18 22:00", "--zone", "Europe/Vienna")


def init(*options: object, typed: str = "") -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["campaigns", "init", *map(str, options)], input=typed)


def test_a_script_says_everything_and_is_asked_nothing(tmp_path: Path) -> None:
    """Every option is in the definition, moments with the zone's offset, and `check` accepts the file."""
    out = tmp_path / "x.yaml"
    rules = ("--winners", 3, "--friends", 2, "--hashtag", "#spring", "--keyword", "green", "--exclude", "@brand")
    more = ("--post", "17999", "--opens", "2026-04-18 17:00", "--draw-after", 90, "--currency", "chf")
    people = ("--influencer", "instagram/@ana", "--influencer", "https://www.tiktok.com/@ana")
    done = init(
        "--yes", "--name", 'Spring "give: away" #1', "--id", "spring", *TIMES, *rules, *more, *people, "--out", out
    )
    assert done.exit_code == 0, done.output
    [found] = read_definitions(out)
    assert (found.campaign_id, found.name) == ("spring", 'Spring "give: away" #1')
    assert found.starts_at.isoformat() == "2026-04-18T16:00:00+02:00"
    assert [(each.influencer_id, each.handle, each.platform) for each in found.influencers] == [
        ("ana", "@ana", "instagram"),
        ("ana-tiktok", "@ana", "tiktok"),
    ]
    giveaway = found.giveaway
    assert giveaway is not None
    assert (giveaway.winners, giveaway.friends, giveaway.hashtags, giveaway.keywords) == (
        3,
        2,
        ("#spring",),
        ("green",),
    )
    assert (giveaway.posts, giveaway.excluded, giveaway.replies_count) == (("17999",), ("@brand",), False)
    assert giveaway.draw_ms == epoch_ms(found.ends_at) + 90 * MINUTE_MS
    assert "#   currency: CHF" in out.read_text()
    checked = CliRunner().invoke(cli, ["campaigns", "check", "--strict", str(out)])
    assert checked.exit_code == 0, checked.output


def test_everything_in_comments_can_be_used(tmp_path: Path) -> None:
    """With its marks taken away each commented field is one that `check` accepts."""
    out = tmp_path / "x.yaml"
    assert (
        init(
            "--yes", "--name", "Spring", *TIMES, "--exclude", "@brand", "--influencer", "x/@ana", "--out", out
        ).exit_code
        == 0
    )
    fields = ("several_codes", "rate_card", "  ", "alerts", "  suspicion", "  countries", "  bonus")
    lines = []
    for line in out.read_text().splitlines():
        bare = line.replace("# ", "", 1)
        wanted = bare.startswith(fields) and ":" in bare and not bare.startswith(("  # Susp", "  Susp"))
        lines.append(bare if line.lstrip().startswith("# ") and wanted and "none" not in bare else line)
    out.write_text("\n".join(lines))
    [found] = read_definitions(out)
    assert found.rate_card is not None
    assert found.alerts is not None
    assert found.giveaway is not None
    assert found.giveaway.bonus is not None
    assert found.giveaway.countries == ("DE", "AT")


def test_people_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Return takes what is proposed; a wrong answer is asked for again; the file has the campaign's id as its name."""
    monkeypatch.chdir(tmp_path)
    answers = ["Spring in Vienna", "", "Vienna", "Europe/Vienna", "2026-04-18 16:00", "2026-04-18 22:00", "", "y"]
    answers += ["", "2026-04-18 21:30", "2", "1", "", "#spring, #glow", "", "@brand,@support", ""]
    done = init(typed="".join(f"{each}\n" for each in answers))
    assert done.exit_code == 0, done.output
    assert "'Vienna' is no time zone" in done.output
    [found] = read_definitions(Path("spring-in-vienna.yaml"))
    assert found.giveaway is not None
    assert found.giveaway.closes_at.isoformat() == "2026-04-18T21:30:00"
    assert (found.giveaway.hashtags, found.giveaway.excluded) == (("#spring", "#glow"), ("@brand", "@support"))
    assert (found.giveaway.winners, found.giveaway.friends) == (2, 1)


def test_a_roster_becomes_the_influencers(tmp_path: Path) -> None:
    """From a workbook with a title above its header; a row without a profile is told, with exit code 1."""
    book = openpyxl.Workbook()
    for row in (
        ("Spring members",),
        (),
        ("Name", "Instagram", "Followers"),
        ("Ana", "https://www.instagram.com/ana.at.home/", 12000),
        ("Ben", "not known yet", None),
    ):
        book.active.append(row)
    book.save(tmp_path / "roster.xlsx")
    out = tmp_path / "x.yaml"
    done = init(
        "--yes", "--name", "Spring", *TIMES, "--no-giveaway", "--roster", tmp_path / "roster.xlsx", "--out", out
    )
    assert done.exit_code == 1, done.output
    assert "roster.xlsx:5: Instagram 'not known yet' is no profile" in done.output
    [found] = read_definitions(out)
    assert [(each.influencer_id, each.handle) for each in found.influencers] == [("ana-at-home", "@ana.at.home")]
    assert found.giveaway is None


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    """Exit code 2 and nothing changes, but with --force."""
    out = tmp_path / "x.yaml"
    out.write_text("mine")
    options = ("--yes", "--name", "Spring", *TIMES, "--no-giveaway", "--out", out)
    refused = init(*options)
    assert (refused.exit_code, "--force writes over it" in refused.output, out.read_text()) == (2, True, "mine")
    assert init(*options, "--force").exit_code == 0
    assert out.read_text().startswith("# Draft")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (("--name", "Spring"), "--starts is missing"),
        (("--name", "Spring", *TIMES[:2], "--ends", "2026-04-17 22:00"), "is not after"),
        (("--name", "Spring", *TIMES, "--influencer", "@ana"), "says no platform"),
        (("--name", "Spring", *TIMES, "--hashtag", "!"), "giveaway.hashtags"),
        (("--name", "Spring", "--starts", "2026-04-18T16:00Z"), "has an offset"),
        (("--name", "Spring", *TIMES, "--currency", "XXX"), "is no currency"),
        (("--name", "Spring", *TIMES, "--roster", "comments.csv"), "comments.csv: no roster"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], problem: str
) -> None:
    """Exit code 2, and no file is written."""
    monkeypatch.chdir(tmp_path)
    Path("comments.csv").write_text("comment_id,text,created_at\n1,in,2026-04-18\n")
    out = tmp_path / "x.yaml"
    done = init("--yes", "--out", out, *options)
    assert (done.exit_code, problem in done.output, out.exists()) == (2, True, False), done.output
