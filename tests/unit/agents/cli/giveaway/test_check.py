"""`campaign-pulse giveaway check`: rules explained on a sample."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli

DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: tiktok, discount_codes: [ANA10]}
"""
GIVEAWAY = """
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
"""
STRICT = """
  posts: [p1]
  replies_count: false
  hashtags: ["#spring"]
  keywords: [green]
  friends: 2
  excluded: ["@staff"]
  past_winners: [{account: "@lucky", won_on: "2026-01-02"}]
  countries: [DE, AT]
  suspicion: {hold: 0.7}
"""


def check(file: Path, *options: object) -> Result:
    """Run the command."""
    return CliRunner().invoke(cli, ["giveaway", "check", str(file), *map(str, options)])


def written(tmp_path: Path, text: str) -> Path:
    """Write a definition."""
    file = tmp_path / "definition.yaml"
    file.write_text(text)
    return file


def test_every_rule_is_tried(tmp_path: Path) -> None:
    """The sample breaks each rule of a strict giveaway once, and the reasons say which."""
    done = check(written(tmp_path, DEFINITION + GIVEAWAY + STRICT), "--json")
    assert done.exit_code == 0, done.output
    result = json.loads(done.output)["result"]
    verdicts = {each["what"]: (each["verdict"], each["reasons"]) for each in result["comments"]}
    assert verdicts == {
        "keeps every rule": ("valid", []),
        "the same person again": ("duplicate", []),
        "without the hashtag": ("invalid", ["missing_hashtag"]),
        "says something else": ("invalid", ["missing_keyword"]),
        "one friend too few": ("invalid", ["too_few_friends"]),
        "tags oneself": ("invalid", ["too_few_friends"]),
        "tags an influencer": ("invalid", ["too_few_friends"]),
        "tags an excluded account": ("invalid", ["too_few_friends"]),
        "a reply to a comment": ("invalid", ["reply"]),
        "a second before the opening": ("invalid", ["before_opening"]),
        "at the moment of closing": ("invalid", ["after_closing"]),
        "an excluded account": ("invalid", ["excluded_account"]),
        "a past winner": ("invalid", ["past_winner"]),
        "an influencer": ("invalid", ["excluded_account"]),
        "from DE": ("valid", []),
        "from another country": ("invalid", ["country_not_allowed"]),
        "on another post": (None, []),
        "deleted afterwards": ("withdrawn", []),
    }
    assert (result["entrants"], result["chances"]) == (2, 2)


def test_the_table_explains(tmp_path: Path) -> None:
    """The rules stand there in words, then the comments, then the sums."""
    done = check(written(tmp_path, DEFINITION + GIVEAWAY + "  friends: 1\n  chances: per_friend\n  most_chances: 5\n"))
    assert done.exit_code == 0, done.output
    assert "at least 1 distinct friends tagged" in done.output
    assert "one chance for each new friend, at most 5 a person" in done.output
    assert "too_few_friends" in done.output
    expected = "11 entries: 1 duplicate, 6 invalid, 3 valid, 1 withdrawn; 2 entrants, 3 chances"
    assert done.output.rstrip().splitlines()[-1] == expected


def test_own_events_are_tried(tmp_path: Path) -> None:
    """Events of a file count as they would live: an order with a code gives bonus chances."""
    file = written(tmp_path, DEFINITION + GIVEAWAY + "  bonus: {chances: 2, most: 2}\n")
    common = {"campaign_id": "spring", "platform": "tiktok", "occurred_at": "2026-04-18T15:00:00Z"}
    events = [
        {
            "type": "comment.created",
            "event_id": "1",
            "influencer_id": "ana",
            "post_id": "p",
            "comment_id": "c",
            "author_id": "u",
            "text": "hi",
            **common,
        },
        {
            "type": "purchase",
            "event_id": "2",
            "order_id": "o",
            "amount": "1.00",
            "currency": "EUR",
            "discount_code": "ana10",
            "author_id": "u",
            **common,
        },
    ]
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, events)) + "\n\n")
    result = json.loads(check(file, "--events", tmp_path / "events.ndjson", "--json").output)["result"]
    assert (result["entrants"], result["chances"], result["bonus_chances"]) == (1, 3, 2)
    (tmp_path / "events.ndjson").write_text('{"type": "comment.created"}\n')
    bad = check(file, "--events", tmp_path / "events.ndjson")
    assert bad.exit_code == 2
    assert "events.ndjson:1: " in bad.output


def test_rules_that_nobody_can_keep_are_refused(tmp_path: Path) -> None:
    """When answer and keyword exclude each other, the file is refused, with a comment that shows it."""
    done = check(written(tmp_path, DEFINITION + GIVEAWAY + "  answers: ['42']\n  keywords: [green]\n"))
    assert done.exit_code == 2
    assert "definition.yaml:13: giveaway.keywords: can be kept by no comment that keeps the other rules" in done.output
    assert "'42' is missing_keyword" in done.output


def test_events_without_a_valid_entry_are_a_finding(tmp_path: Path) -> None:
    """Exit code 1, so that a script sees that nobody could enter."""
    comment = {"type": "comment.created", "event_id": "1", "campaign_id": "spring", "platform": "tiktok"}
    comment |= {"influencer_id": "ana", "occurred_at": "2026-04-18T15:00:00Z", "post_id": "p", "comment_id": "c"}
    (tmp_path / "events.ndjson").write_text(json.dumps(comment | {"author_id": "u", "text": "hi"}))
    file = written(tmp_path, DEFINITION + GIVEAWAY + "  friends: 1\n")
    done = check(file, "--events", tmp_path / "events.ndjson")
    assert done.exit_code == 1
    assert "no comment is a valid entry" in done.output


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        (DEFINITION, (), "no campaign has a giveaway"),
        (DEFINITION + GIVEAWAY, ("--campaign", "autumn"), "no campaign 'autumn'"),
        (DEFINITION + GIVEAWAY + "  friend: 1\n", (), "giveaway.friend"),
        (DEFINITION + GIVEAWAY + "  suspicion: {hold: 0.2}\n", (), "hold 0.2 is below flag 0.5"),
        (
            DEFINITION + GIVEAWAY + "---" + DEFINITION.replace("spring", "summer") + GIVEAWAY,
            (),
            "--campaign: spring, summer",
        ),
    ],
)
def test_unusable_definitions_are_named(tmp_path: Path, text: str, options: tuple[str, ...], problem: str) -> None:
    """Exit code 2 with what is wrong."""
    done = check(written(tmp_path, text), *options)
    assert done.exit_code == 2
    assert problem in done.output
