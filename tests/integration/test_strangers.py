"""Strangers' campaigns at a live worker: quarantined, and counted once when they are redriven; ceilings hold."""

from pathlib import Path

import pytest

from agents.clock import wait_until
from models.topics import COMMENTS, POSTS
from tests.integration.cluster import Cluster, giveaway_definitions
from tests.integration.commands import run, send
from tests.integration.definitions import write_definition
from tests.integration.scrape import scrape
from tests.unit.events import fields

pytestmark = [pytest.mark.broker, pytest.mark.slow]
PARTITIONS = 2
SECONDS = 60.0
EACH = 40
POSTS_ADMITTED = 5


def test_quarantined_events_count_once_after_the_definition_and_a_redrive(tmp_path: Path) -> None:
    """Nothing of them is in Redis before; twice redriven, and killed in between, each counts once."""
    (definition,) = giveaway_definitions()
    campaign_id, who = definition.campaign_id, definition.influencers[0].influencer_id
    settings = {"UNKNOWN_CAMPAIGNS": "quarantine", "INFLUENCER_POSTS": str(POSTS_ADMITTED)}
    with Cluster(partitions=PARTITIONS, **settings) as cluster:
        worker = cluster.add_worker()
        cluster.wait_ready()
        now_ms = 1_776_528_300_000
        comments = [
            fields(
                "comment.created", f"k{n}", now_ms + n, campaign_id=campaign_id, influencer_id=who, comment_id=f"k{n}"
            )
            for n in range(EACH)
        ]
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, [*comments, *comments])

        def rejected(reason: str) -> float:
            return scrape(cluster, worker).value("campaign_pulse_rejected_total", reason=reason)

        assert wait_until(lambda: rejected("unknown_campaign") == 2 * EACH, timeout_seconds=SECONDS)
        assert cluster.snapshot()["influencers"] == []
        cluster.command("campaigns", "apply", str(write_definition(definition, tmp_path / "definition.yaml")))
        redrive = ("dead-letters", "redrive", "--reason", "unknown_campaign", "--campaign", campaign_id, "--yes")
        for _ in range(2):
            done = run(*redrive, environment=cluster.environment())
            assert done.returncode in (0, 1), done.stderr

        def counted() -> dict[str, int]:
            return {
                each["influencer_id"]: each["windows"]["total"].get("comments", 0)
                for each in cluster.snapshot()["influencers"]
            }

        assert wait_until(lambda: counted() == {who: EACH}, timeout_seconds=SECONDS), counted()
        posts = [
            fields(
                "post.metrics",
                f"p{n}",
                now_ms + n,
                campaign_id=campaign_id,
                influencer_id=who,
                post_id=f"p{n}",
                likes=1,
            )
            for n in range(EACH)
        ]
        send(cluster.broker.bootstrap, POSTS, PARTITIONS, posts)
        assert wait_until(lambda: rejected("too_many_posts") == EACH - POSTS_ADMITTED, timeout_seconds=SECONDS)
        worker.stop()
        worker = cluster.add_worker()
        cluster.wait_ready()
        send(
            cluster.broker.bootstrap,
            POSTS,
            PARTITIONS,
            [{**each, "event_id": f"again-{each['event_id']}"} for each in posts],
        )
        assert wait_until(lambda: rejected("too_many_posts") == EACH - POSTS_ADMITTED, timeout_seconds=SECONDS)
        assert counted() == {who: EACH}
