"""`campaign-pulse export CAMPAIGN`: of workers the same tables as of the events, byte for byte."""

import csv
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from agents.cli.root import cli
from agents.clock import wait_until
from models.times import MINUTE_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.alerts.closed_windows import GRACE_MS
from tests.integration.cluster import SETTLE_SECONDS, START_SECONDS, Cluster
from tests.integration.commands import send

pytestmark = pytest.mark.broker

OPENS_MS = 1_776_520_800_000  # 2026-04-18T14:00:00Z
SPIKE = 45
"""The minute in which comments explode: after enough quiet ones to know what is usual."""
PARTITIONS = 3
UNKNOWN_LIVE = {"comments", "commenters", "reactions"}
"""Columns of posts that workers do not keep."""
DEFINITION = """
campaign_id: spring
name: Spring
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram, followers: 1000, discount_codes: [ANA10]}
  - {influencer_id: eva, handle: "@eva", platform: instagram}
giveaway: {opens_at: "2026-04-18T14:00:00Z", closes_at: "2026-04-18T20:00:00Z"}
"""


def event(type_: str, name: str, at_ms: int, **fields: Any) -> dict[str, Any]:
    """An event of the campaign."""
    common = {"type": type_, "event_id": name, "campaign_id": "spring", "occurred_at": OPENS_MS + at_ms}
    return {**common, "platform": "instagram", **fields}


def events() -> dict[str, list[dict[str, Any]]]:
    """Two posts with reports, quiet comments and an explosion, clicks, an edited order and its refund; by topic."""
    posts, comments, conversions = [], [], []
    for who in ("ana", "eva"):
        of = {"influencer_id": who, "post_id": f"post-{who}"}
        posts.append(event("post.published", f"p-{who}", 0, **of))
        posts += [event("post.metrics", f"m-{who}-{n}", n * 600_000, **of, likes=n * 10, views=99) for n in (1, 2)]
        posts.append(event("post.reaction", f"r-{who}", 700_000, **of, kind="like", count=1))
    for minute in range(SPIKE + 1):
        for n in range(90 if minute == SPIKE else 2):
            name = f"c{minute}-{n}"
            comments.append(
                event(
                    "comment.created",
                    name,
                    minute * MINUTE_MS + n * 300,
                    influencer_id="ana" if minute == SPIKE else ("ana", "eva")[n % 2],
                    post_id="post-ana",
                    comment_id=name,
                    author_id=f"id-{name}",
                    author_handle=f"@{name}",
                    text=("love it", "so bad", "=1+1")[n % 3],
                )
            )
    shop = {"platform": "shop", "order_id": "o1", "currency": "EUR"}
    conversions = [
        event("click", "k1", 65_000, influencer_id="ana"),
        event("purchase", "o1", 120_000, **shop, amount="39.90", discount_code="ana10"),
        event("purchase", "o1-edited", 180_000, **shop, amount="29.90", discount_code="ana10"),
        event("refund", "f1", 1_800_000, **shop, amount="9.90", refund_id="f1"),
        event("purchase", "o2", 240_000, **{**shop, "order_id": "o2"}, amount="1", influencer_id="eva"),
    ]
    return {POSTS: posts, COMMENTS: comments, CONVERSIONS: conversions}


CLOCK_MS = OPENS_MS + (SPIKE + 1) * MINUTE_MS + GRACE_MS
"""Where a run over files ends: alerts that tell of silence must have as long to come."""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A worker that was killed between two halves of the events, the second with some of the first again."""
    (tmp_path / "spring.yaml").write_text(DEFINITION)
    lines = [json.dumps(each) for some in events().values() for each in some]
    (tmp_path / "events.ndjson").write_text("\n".join(lines))
    with Cluster(clock=str(CLOCK_MS), partitions=PARTITIONS) as found:
        found.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
        first = found.add_worker()
        found.wait_ready()
        for topic, some in events().items():
            send(found.broker.bootstrap, topic, PARTITIONS, some[: len(some) // 2])
        os.kill(first.pid, signal.SIGKILL)
        assert wait_until(lambda: not first.running, timeout_seconds=START_SECONDS)
        found.add_worker()
        for topic, some in events().items():
            send(found.broker.bootstrap, topic, PARTITIONS, some[len(some) // 3 :])
        yield found


def export(environment: dict[str, str], directory: Path, *arguments: str) -> Result:
    """Run the command in this process."""
    where = ["--out", str(directory), "--force", "--personal-data", *arguments]
    return CliRunner().invoke(cli, ["export", *where], env=environment, catch_exceptions=False)


def tables(directory: Path) -> dict[str, Any]:
    """The bytes of each file, README's moment left out; of posts the rows, without what workers do not keep."""
    found: dict[str, Any] = {each.name: each.read_bytes() for each in directory.glob("*.csv")}
    with (directory / "posts.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    found["posts.csv"] = [{name: row[name] for name in row if name not in UNKNOWN_LIVE} for row in rows]
    return found


def test_tables_of_workers_are_those_of_the_events(cluster: Cluster, tmp_path: Path) -> None:
    """Numbers, posts, minutes, alerts, orders and entrants, after a kill and redeliveries; and one alert at least."""
    environment = cluster.environment()
    files = ("-d", str(tmp_path / "spring.yaml"), "-e", str(tmp_path / "events.ndjson"))
    assert export(environment, tmp_path / "files", *files).exit_code == 0
    expected = tables(tmp_path / "files")
    assert expected["alerts.csv"].count(b"\n") > 1
    assert expected["minutes.csv"].count(b"\n") > 3 * SPIKE
    differing: list[str] = ["nothing was exported"]

    def equal() -> bool:
        done = export(environment, tmp_path / "live", "spring")
        if done.exit_code:
            differing[:] = [done.output]
            return False
        found = tables(tmp_path / "live")
        differing[:] = [name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)]
        return not differing

    assert wait_until(equal, timeout_seconds=SETTLE_SECONDS, poll_seconds=1.0), differing
    with (tmp_path / "live" / "posts.csv").open(newline="") as stream:
        assert {row[name] for row in csv.DictReader(stream) for name in UNKNOWN_LIVE} == {""}
