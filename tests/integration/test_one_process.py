"""The same giveaway over Kafka with a worker, and from files in one process: byte for byte the same."""

import json
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from agents.clock import wait_until
from agents.settings import Settings
from agents.stages.ledger_reader import read_ledger
from models.topics import COMMENTS, CONVERSIONS
from streams.events.partitioning import partition_key, partition_of
from streams.ledger.fact_set import fact_set
from tests.integration.cluster import SETTLE_SECONDS, Cluster
from tests.integration.commands import send

OPENS_MS = 1_776_520_800_000  # 2026-04-18T14:00:00Z
CLOCK_MS = OPENS_MS + 7 * 3_600_000
PARTITIONS = 3
PEOPLE = 60
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram, discount_codes: [ANA10]}
  - {influencer_id: eva, handle: "@eva", platform: instagram}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
  friends: 1
  chances: per_friend
  replies_count: false
  excluded: ["@p07"]
  bonus: {chances: 2, most: 2}
  suspicion: {flag: 0.5, exclude: 0.8}
"""


def comment(number: int, author: str, at_ms: int, text: str, **fields: Any) -> dict[str, Any]:
    """A comment event, on ana's post and eva's in turn."""
    return {
        "type": "comment.created",
        "event_id": f"e{number}",
        "campaign_id": "spring",
        "platform": "instagram",
        "influencer_id": ("ana", "eva")[number % 2],
        "occurred_at": OPENS_MS + at_ms,
        "comment_id": f"c{number}",
        "post_id": f"post-{number % 2}",
        "author_id": f"id-of-{author}",
        "author_handle": f"@{author}",
        "text": text,
        **fields,
    }


def comment_events() -> list[dict[str, Any]]:
    """Sixty people, a bot, two edits of one comment, a new handle, a deletion, a comment of another campaign."""
    found = [comment(n, f"p{n:02d}", 200_000 * n, f"me @friend{n}") for n in range(PEOPLE)]
    found += [comment(100 + n, "bot", 900 * n, f"win {n} @x{n}") for n in range(30)]
    found.append(comment(3, "p03", 700_000, "me @friend3 @friend33", event_id="e3-edited"))
    found.append(comment(3, "p03", 800_000, "me @friend3 @friend333 =1+1", event_id="e3-again"))
    found.append(comment(200, "p04.renamed", 3_000_000, "hello @friend4", author_id="id-of-p04"))
    deletion = comment(9, "p09", 4_000_000, "")
    found.append(
        {
            **{name: deletion[name] for name in ("campaign_id", "platform", "influencer_id", "occurred_at")},
            "type": "comment.deleted",
            "event_id": "d9",
            "comment_id": "c9",
        }
    )
    return [*found, comment(300, "p01", 1, "elsewhere @friend1", campaign_id="autumn")]


def order_event() -> dict[str, Any]:
    """An order of p03 with ana's code that names nobody: it is attributed, and sent on to ana's partition."""
    return {
        "type": "purchase",
        "event_id": "o1",
        "campaign_id": "spring",
        "platform": "shop",
        "occurred_at": OPENS_MS + 5_000,
        "order_id": "o1",
        "amount": "10.00",
        "currency": "EUR",
        "discount_code": "Ana10",
        "author_id": "id-of-p03",
        "author_platform": "instagram",
    }


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A worker that has read all events, some of them twice."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    assert len({partition_of(partition_key("spring", name), PARTITIONS) for name in ("ana", "eva", "")}) > 1
    with Cluster(clock=str(CLOCK_MS), partitions=PARTITIONS) as found:
        found.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
        found.add_worker()
        found.wait_ready()
        events = comment_events()
        send(found.broker.bootstrap, COMMENTS, PARTITIONS, events[:80])
        send(found.broker.bootstrap, CONVERSIONS, PARTITIONS, [order_event()])
        send(found.broker.bootstrap, COMMENTS, PARTITIONS, events[40:])
        settings = Settings.from_environment({"PULSE_BROKER": found.broker.bootstrap})
        # Sixty comments, thirty of the bot, two edits and one more; one deletion and one order.
        everything = PEOPLE + 30 + 2 + 1 + 1 + 1
        assert wait_until(
            lambda: len(fact_set(read_ledger(settings, "spring").facts)) == everything,
            timeout_seconds=SETTLE_SECONDS,
            poll_seconds=0.5,
        )
        yield found


def write_files(directory: Path) -> list[str]:
    """The same events in two files that overlap, shuffled, with blank lines; return the options that name them."""
    events = [*comment_events(), order_event()]
    Random(3).shuffle(events)
    for name, some in (("late", events[30:]), ("early", [*events[:50], *events[:5]])):
        lines = "\n\n".join(json.dumps(event) for event in some)
        (directory / f"{name}.ndjson").write_text(f"{lines}\n")
    files = (str(directory / f"{name}.ndjson") for name in ("late", "early"))
    return ["--definition", str(directory / "spring.yaml"), *(each for file in files for each in ("--events", file))]


def giveaway(environment: dict[str, str], *arguments: str) -> Result:
    """Run a giveaway command in this process: one after the other they would start for a minute."""
    return CliRunner().invoke(cli, ["giveaway", *arguments], env=environment, catch_exceptions=False)


def whole_draw(where: list[str], directory: Path, environment: dict[str, str], key: Path) -> dict[str, str]:
    """Review, freeze, exclude, draw, replace, and every answer; return all that was printed."""
    draw = str(directory)
    printed = {}

    def step(name: str, *arguments: str) -> None:
        done = giveaway(environment, name, *arguments, *where)
        assert done.exit_code == 0, (name, done.output)
        printed[name] = done.stdout.replace(draw, "DRAW")

    step("review", "spring", "--json", "--no-redis")
    options = ("--winners", "3", "--substitutes", "2", "--source", "dice", "--key", str(key))
    step("freeze", "spring", draw, *options)
    step("exclude", draw, "@p11", "--reason", "works here")
    step("draw", draw, "--randomness", "4 8 15 16 23 42")
    step("winners", draw, "--format", "json")
    first = json.loads(printed["winners"])[0]["author_id"]
    step("replace", draw, first, "--reason", "did not answer")
    step("winners", draw, "--format", "csv")
    step("entrants", draw, "--format", "csv")
    step("left-out", draw, "--invalid", "--format", "csv")
    step("why", "@P03", "--json", "--directory", draw)
    step("receipt", draw, "instagram", "@p03")
    step("log", "spring", "--json")
    step("verify", str(directory / "draw.json"))
    step("certificate", draw, "--out", str(directory / "certificate.html"), "--names")
    return printed


def tables_are_the_same(where: list[str], directory: Path, live: dict[str, str], alone: dict[str, str]) -> bool:
    """Whether the tables of what a worker holds are those of the files, as soon as Redis has all numbers."""
    options = ("--personal-data", "--force", "--out")
    for arguments, environment, name in (((), live, "live"), (where, alone, "offline")):
        done = CliRunner().invoke(
            cli, ["export", "spring", *arguments, *options, str(directory / name)], env=environment
        )
        assert done.exit_code == 0, done.output
    return all(
        (directory / "live" / name).read_bytes() == (directory / "offline" / name).read_bytes()
        for name in ("influencers.csv", "campaign.csv", "revenue.csv", "entrants.csv")
    )


@pytest.mark.broker
def test_files_and_kafka_give_the_same_bytes(cluster: Cluster, tmp_path: Path) -> None:
    """Lists, records, winners, answers and certificate are equal; one changed letter changes the commitment."""
    key = tmp_path / "secret.key"
    key.write_text("ab" * 32)
    environment = cluster.environment()
    over_kafka = whole_draw([], tmp_path / "kafka", environment, key)
    alone = {**environment, "PULSE_BROKER": "127.0.0.1:1", "PULSE_REDIS_URL": "redis://127.0.0.1:1/0"}
    where = write_files(tmp_path)
    from_files = whole_draw(where, tmp_path / "files", alone, key)
    assert "proved      the list was made of these events: 95 facts\n" in from_files["verify"]
    for name, text in over_kafka.items():
        assert from_files[name].endswith(text), name
    kafka, files = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("kafka", "files")
    )
    assert files == kafka
    names = {"frozen.json", "entries.txt", "left-out.txt", "draw.json", "log.json", "secret.key", "certificate.html"}
    assert files.keys() == names | {"exclusion-1.json", "exclusion-2.json"}
    # p07 is excluded by rule, the bot by policy, p09 deleted; p03 has a chance a friend of the last version, and two.
    frozen = json.loads(files["frozen.json"])
    assert (frozen["entries"]["lines"], frozen["chances"]) == (PEOPLE - 2, PEOPLE - 2 + 1 + 2)
    assert wait_until(lambda: tables_are_the_same(where, tmp_path, environment, alone), timeout_seconds=SETTLE_SECONDS)
    early = tmp_path / "early.ndjson"
    early.write_text(early.read_text().replace("me @friend20", "Me @friend20"))
    late = tmp_path / "late.ndjson"
    late.write_text(late.read_text().replace("me @friend20", "Me @friend20"))
    again = (
        "--winners",
        "3",
        "--substitutes",
        "2",
        "--source",
        "dice",
        "--key",
        str(key),
        "--reason",
        "another letter",
    )
    changed = giveaway(alone, "freeze", "spring", str(tmp_path / "changed"), *again, *where)
    assert changed.exit_code == 0, changed.output
    other = json.loads((tmp_path / "changed" / "frozen.json").read_bytes())
    assert other["entries"] == frozen["entries"]
    assert other["ledger"]["facts"] == frozen["ledger"]["facts"]
    assert other["ledger"]["digest"] != frozen["ledger"]["digest"]
    differs = giveaway(alone, "verify", str(tmp_path / "files" / "draw.json"), *where)
    assert (differs.exit_code, "differs: events: the facts are others" in differs.output) == (1, True)
