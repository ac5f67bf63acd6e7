"""Review, freeze, draw, verify and forget, over a real ledger in Kafka and a real Redis."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
import redis
from kafka import KafkaProducer

from agents.settings import Settings
from agents.stages.definitions import read_definitions
from agents.stages.draw_log import append_step, read_draw_log
from agents.stages.ledger_reader import read_ledger
from agents.stages.review import publish_review, read_giveaway
from models.events import CommentCreated, Event, Purchase
from models.topics import COMMENTS, CONVERSIONS, ENTRIES
from streams.events.partitioning import partition_of
from streams.giveaway.draw_log import DrawLogError, log_of
from streams.ledger.collector import blocks_of
from streams.ledger.fact_records import encode_fact
from streams.suspicion.review import review_of
from tests.integration.cluster import Cluster
from tests.integration.commands import run

pytestmark = [pytest.mark.broker, pytest.mark.slow]
OPENS = datetime(2026, 4, 18, 14, tzinfo=UTC)
OPENS_MS = int(OPENS.timestamp()) * 1000
PEOPLE = 60
PARTITIONS = 3
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: tiktok, discount_codes: [ANA10]}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
  friends: 1
  excluded: ["@p07"]
  bonus: {chances: 2, most: 2}
  suspicion: {flag: 0.5, exclude: 0.8}
"""


def comment(number: int, author: str, at_ms: int, text: str) -> CommentCreated:
    """A comment on ana's post."""
    return CommentCreated(
        event_id=f"e{number}",
        campaign_id="spring",
        platform="tiktok",
        influencer_id="ana",
        occurred_at=OPENS_MS + at_ms,
        comment_id=f"c{number}",
        post_id="post",
        author_id=f"id-of-{author}",
        author_handle=f"@{author}",
        text=text,
    )


def block(topic: str, events: list[Event], offset: int) -> tuple[bytes, bytes]:
    """Events as one record of the ledger."""
    [found] = blocks_of("spring", topic, events, first_offset=offset)
    return found.key(), encode_fact(found)


def facts() -> list[tuple[bytes, bytes]]:
    """Sixty people, each once; p03 twice and with an order; one bot; p05's handle is tagged by p06, in capitals."""
    comments: list[Event] = [comment(n, f"p{n:02d}", 200_000 * n, f"me @friend{n}") for n in range(PEOPLE)]
    comments[6] = comment(6, "p06", 1_200_000, "with you, @P05! and @friend6")
    comments.append(comment(PEOPLE, "p03", 3_000_000, "again @friend3"))
    bot: list[Event] = [comment(100 + n, "bot", 900 * n, f"win {n} @x{n}") for n in range(30)]
    order = Purchase(
        event_id="o1",
        campaign_id="spring",
        platform="shop",
        occurred_at=OPENS_MS + 5_000,
        order_id="o1",
        amount="10.00",
        currency="EUR",
        discount_code="ANA10",
        author_id="id-of-p03",
        author_platform="tiktok",
    )
    return [block(COMMENTS, comments, 0), block(COMMENTS, bot, 1000), block(CONVERSIONS, [order], 0)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A broker with definition and ledger, and an empty Redis."""
    with Cluster(clock=str(OPENS_MS + 7 * 3_600_000), partitions=PARTITIONS) as found:
        (tmp_path / "spring.yaml").write_text(DEFINITION)
        found.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
        with closing(KafkaProducer(bootstrap_servers=found.broker.bootstrap)) as producer:
            for key, value in facts():
                partition = partition_of("spring", PARTITIONS)
                producer.send(ENTRIES, key=key, value=value, partition=partition).get(timeout=30)
        yield found


def giveaway(cluster: Cluster, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a giveaway command against the cluster."""
    return run("giveaway", *arguments, environment=cluster.environment(**settings))


def everything_in_redis(cluster: Cluster) -> bytes:
    """Every key and every value."""
    found = b""
    with closing(redis.Redis.from_url(cluster.redis.url)) as client:
        for key in client.scan_iter():
            kind = client.type(key)
            value: Any
            if kind == b"hash":
                value = client.hgetall(key)
            elif kind == b"zset":
                value = client.zrange(key, 0, -1, withscores=True)
            else:
                value = client.smembers(key) if kind == b"set" else client.dump(key)
            found += key + repr(value).encode()
    return found


def test_from_review_to_a_verified_draw(cluster: Cluster, tmp_path: Path) -> None:
    """The bot is listed with its reason and left out, bonus chances count, the draw verifies, winners have names."""
    reviewed = giveaway(cluster, "review", "spring", "--json")
    assert reviewed.returncode == 0, reviewed.stderr
    [suspect] = json.loads(reviewed.stdout)
    assert (suspect["person"], suspect["action"]) == ("tiktok/id-of-bot", "exclude")
    assert suspect["findings"][0]["reason"] == "burst"
    with closing(redis.Redis.from_url(cluster.redis.url)) as client:
        assert client.zrange("pulse:review:spring", 0, -1) == [b"tiktok/id-of-bot"]
        reasons = client.hget("pulse:review:spring:reasons", "tiktok/id-of-bot")
        assert json.loads(reasons or b"")["findings"] == suspect["findings"]
        summary = client.hgetall("pulse:review:spring:summary")
        assert (summary[b"suspects"], summary[b"action.exclude"], summary[b"reason.burst"]) == (b"1", b"1", b"1")
    assert "30 comments within a minute" in giveaway(cluster, "review", "spring").stdout

    early = giveaway(
        cluster, "freeze", "spring", str(tmp_path / "early"), "--source", "dice", CLOCK=str(OPENS_MS + 10_000)
    )
    assert early.returncode == 2
    assert "--before-closing" in early.stderr
    directory = tmp_path / "draw"
    frozen = giveaway(
        cluster, "freeze", "spring", str(directory), "--winners", "3", "--substitutes", "2", "--source", "dice"
    )
    assert frozen.returncode == 0, frozen.stderr
    record = json.loads((directory / "frozen.json").read_bytes())
    # p07 is excluded by rule, the bot by policy; p03 has one chance and two for the order.
    assert record["entries"]["lines"] == PEOPLE - 1
    assert record["chances"] == PEOPLE - 1 + 2
    assert record["left_out"]["lines"] == 1
    assert "exclude" in (directory / "left-out.txt").read_text()
    assert record["rules"]["excluded"] == 1
    # The comments of sixty people, one again, thirty of the bot, and an order.
    assert record["ledger"]["facts"] == PEOPLE + 1 + 30 + 1
    published = b"".join((directory / name).read_bytes() for name in ("frozen.json", "entries.txt", "left-out.txt"))
    assert b"id-of" not in published
    assert b"p07" not in published
    commitment = hashlib.sha256((directory / "frozen.json").read_bytes()).hexdigest()
    assert commitment in frozen.stdout
    with closing(redis.Redis.from_url(cluster.redis.url)) as client:
        assert client.hget("pulse:frozen:spring", "commitment") == commitment.encode()
        fields = {b"commitment", b"frozen_at", b"entrants", b"chances", b"record"}
        assert set(client.hkeys("pulse:frozen:spring")) == fields

    drawn = giveaway(cluster, "draw", str(directory), "--randomness", "4 8 15 16 23 42")
    assert drawn.returncode == 0, drawn.stderr
    assert run("giveaway", "verify", str(directory / "draw.json")).returncode == 0
    named = giveaway(cluster, "winners", str(directory))
    assert named.stdout.count("tiktok/@p") == 5
    receipt = run("giveaway", "receipt", str(directory), "tiktok", "id-of-p03")
    assert receipt.returncode == 0
    assert receipt.stdout.rstrip().endswith(" 3")


def test_a_forgotten_person_is_nowhere(cluster: Cluster, tmp_path: Path) -> None:
    """After `forget` no record in force and no key of Redis has the person's id, handle or texts; others stay."""
    assert giveaway(cluster, "review", "spring").returncode == 0
    assert b"id-of-bot" in everything_in_redis(cluster)
    settings = Settings.from_environment({"PULSE_BROKER": cluster.broker.bootstrap})
    before = giveaway(cluster, "freeze", "spring", str(tmp_path / "before"), "--source", "dice")
    assert before.returncode == 0, before.stderr
    for name, handle in (("@BOT", b"bot"), ("id-of-p05", b"p05"), ("p03", b"p03")):
        done = giveaway(cluster, "forget", name)
        assert done.returncode == 0, done.stderr
        assert name not in done.stdout
        in_force = b"".join(encode_fact(record.fact) for record in read_ledger(settings).records)
        for word in (b"id-of-" + handle, b"@" + handle, b"@" + handle.upper()):
            assert word not in in_force, word
        stored = everything_in_redis(cluster)
        assert b"id-of-" + handle not in stored
        assert b"@" + handle not in stored
    assert b"id-of-p06" in in_force
    assert b"with you, @gone" in in_force
    assert giveaway(cluster, "forget", "id-of-p05").returncode == 1
    again = ("--source", "dice", "--reason", "somebody was forgotten")
    after = giveaway(cluster, "freeze", "spring", str(tmp_path / "after"), *again)
    assert after.returncode == 0, after.stderr
    record = json.loads((tmp_path / "after" / "frozen.json").read_bytes())
    assert record["entries"]["lines"] == PEOPLE - 3
    assert record["chances"] == PEOPLE - 3
    assert giveaway(cluster, "review", "spring", "--json").stdout.strip() == "[]"
    # What was published before stays what it was.
    assert giveaway(cluster, "draw", str(tmp_path / "before"), "--randomness", "x").returncode == 0


def test_every_step_is_on_the_topic(cluster: Cluster, tmp_path: Path) -> None:
    """Freeze, draw, replacement and a second draw are numbered on campaign.draws.v1; deleted files do not undo them."""
    directory, options = tmp_path / "draw", ("--winners", "2", "--source", "dice")
    assert giveaway(cluster, "freeze", "spring", str(directory), *options).returncode == 0
    second = giveaway(cluster, "freeze", "spring", str(tmp_path / "second"), *options)
    assert (second.returncode, "this is freeze 2 of the campaign" in second.stderr) == (2, True)
    assert giveaway(cluster, "draw", str(directory), "--randomness", "4 2 6").returncode == 0
    winner = json.loads(giveaway(cluster, "winners", str(directory), "--format", "json").stdout)[0]
    replaced = giveaway(cluster, "replace", str(directory), f"@{winner['handle']}", "--reason", "did not answer")
    assert replaced.returncode == 0, replaced.stderr
    log = json.loads(giveaway(cluster, "log", "spring", "--json").stdout)
    assert log == json.loads((directory / "log.json").read_bytes())
    assert [(each["place"]["number"], each["step"]) for each in log] == [(1, "freeze"), (2, "draw"), (3, "exclusion")]
    files = ("frozen.json", "draw.json", "exclusion-1.json")
    hashes = [hashlib.sha256((directory / name).read_bytes()).hexdigest() for name in files]
    assert [each["sha256"] for each in log] == hashes
    assert [each["place"]["previous"] for each in log] == [None, *hashes[:2]]
    verified = giveaway(cluster, "verify", str(directory / "draw.json"), "--log", "kafka")
    assert verified.returncode == 0, verified.stderr
    (directory / "draw.json").unlink()
    (directory / "exclusion-1.json").unlink()
    assert giveaway(cluster, "draw", str(directory), "--randomness", "6 2 4").returncode == 2
    again = giveaway(cluster, "draw", str(directory), "--randomness", "6 2 4", "--reason", "another throw")
    assert again.returncode == 0, again.stderr
    shown = giveaway(cluster, "verify", str(directory / "draw.json"), "--log", "kafka")
    assert shown.returncode == 0, shown.stderr
    assert "this is draw 2 of" in shown.stdout
    assert "step 2 of the log is another: draw 1 of" in shown.stdout
    assert "not proved  that the random value is the announced one ('dice')" in shown.stdout
    settings = Settings.from_environment({"PULSE_BROKER": cluster.broker.bootstrap})
    entries = read_draw_log(settings, "spring", print)
    late = msgspec.structs.replace(entries[-1], sha256="0" * 64)
    with pytest.raises(DrawLogError, match="somebody else was faster"):
        append_step(settings, late, print)
    assert log_of(read_draw_log(settings, "spring", print)).forks == [late]
    still = giveaway(cluster, "verify", str(directory / "draw.json"), "--log", "kafka")
    assert still.returncode == 0, still.stderr
    away = giveaway(cluster, "log", "spring", BROKER="127.0.0.1:1")
    assert (away.returncode, "PULSE_BROKER=127.0.0.1:1" in away.stderr) == (2, True)


def test_people_get_answers(cluster: Cluster) -> None:
    """`why` finds the campaign and the person: chances with bonus, the rule that decided, or that nobody is meant."""
    p03 = giveaway(cluster, "why", "@P03")
    assert p03.returncode == 0, p03.stderr
    assert "tiktok/@p03 (id-of-p03) in spring: takes part with 3 chances" in p03.stdout
    assert "2 of the chances are for orders" in p03.stdout
    assert "another comment of this person has the chance already" in p03.stdout
    staff = giveaway(cluster, "why", "id-of-p07")
    assert "invalid (excluded_account): the account is excluded by the rules" in staff.stdout
    bot = giveaway(cluster, "why", "bot", "--json")
    assert json.loads(bot.stdout)["verdict"].startswith("is excluded by the policy, suspicion ")
    assert giveaway(cluster, "why", "@nobody").returncode == 2


def test_a_review_that_was_under_way_does_not_bring_a_forgotten_person_back(cluster: Cluster, tmp_path: Path) -> None:
    """A list made of the ledger as it was before `forget`, and written after it, is without the person."""
    settings = Settings.from_environment(
        {"PULSE_BROKER": cluster.broker.bootstrap, "PULSE_REDIS_URL": cluster.redis.url}
    )
    definition = read_definitions(tmp_path / "spring.yaml")[0]
    assert definition.giveaway is not None
    before = read_giveaway(settings, definition, definition.giveaway)
    review = review_of(before, OPENS_MS)
    assert [suspect.person for suspect in review.suspects] == ["tiktok/id-of-bot"]
    publish_review(settings, before, review, OPENS_MS)
    assert b"id-of-bot" in everything_in_redis(cluster)
    assert giveaway(cluster, "forget", "@bot").returncode == 0
    publish_review(settings, before, review, OPENS_MS)
    assert b"id-of-bot" not in everything_in_redis(cluster)


@pytest.mark.parametrize("command", ["review", "freeze"])
def test_a_campaign_without_giveaway_is_named(cluster: Cluster, tmp_path: Path, command: str) -> None:
    """An unknown campaign ends with exit code 2 and its name."""
    more = [str(tmp_path / "x"), "--source", "dice"] if command == "freeze" else []
    done = giveaway(cluster, command, "autumn", *more)
    assert done.returncode == 2
    assert "autumn" in done.stderr
