"""Comments that are written to make a worker stand still: it counts them among the others, and starts again."""

from pathlib import Path
from typing import Any

import pytest

from agents.clock import wait_until
from models.topics import COMMENTS
from tests.integration.cluster import SETTLE_SECONDS, Cluster
from tests.integration.commands import send
from tests.integration.test_giveaway_commands import DEFINITION, OPENS_MS
from tests.properties.hostile_shapes import LONGEST, WORST

CLOCK_MS = OPENS_MS + 7 * 3_600_000
PARTITIONS = 2
ORDINARY, HOSTILE = 2_000, 200
RULES = '  keywords: ["please"]\n  forbidden_words: ["spam"]\n  answers: []\n  ignore_accents: true\n'
"""What makes a worker read every word of a comment."""


def comment(number: int, text: str) -> dict[str, Any]:
    """An entry of a person of their own."""
    return {
        "type": "comment.created",
        "event_id": f"e{number}",
        "campaign_id": "spring",
        "influencer_id": "ana",
        "platform": "tiktok",
        "occurred_at": OPENS_MS + 1000 * number,
        "post_id": "post",
        "comment_id": f"c{number}",
        "author_id": f"id-{number}",
        "author_handle": f"@person{number}",
        "text": text,
    }


@pytest.mark.broker
def test_two_hundred_of_the_worst_comments_are_counted_with_the_others_and_read_again_at_a_start(
    tmp_path: Path,
) -> None:
    """Every one is an entry; a worker that reads the ledger anew is ready, and says the same."""
    (tmp_path / "spring.yaml").write_text(DEFINITION + RULES)
    shapes = list(WORST.values())
    entry = "please @friend{} "
    events = [comment(number, entry.format(number) + "so nice") for number in range(ORDINARY)]
    for number in range(HOSTILE):
        said = entry.format(number)
        shaped = shapes[number % len(shapes)](LONGEST - len(said))
        events.insert(number * 10, comment(ORDINARY + number, said + shaped))
    with Cluster(clock=str(CLOCK_MS), partitions=PARTITIONS, SENTIMENT="social") as cluster:
        cluster.command("campaigns", "apply", str(tmp_path / "spring.yaml"))
        worker = cluster.add_worker()
        cluster.wait_ready()
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, events)

        def entrants() -> int:
            with cluster.read_model() as read_model:
                found = read_model.giveaways("spring")
            return found[0].unique_entrants if found else 0

        everybody = ORDINARY + HOSTILE
        assert wait_until(lambda: entrants() == everybody, timeout_seconds=SETTLE_SECONDS), entrants()
        assert worker.running, worker.log_tail(30)
        worker.stop()
        again = cluster.add_worker()
        cluster.wait_ready()
        send(cluster.broker.bootstrap, COMMENTS, PARTITIONS, [comment(everybody, "please @friend0")])
        assert wait_until(lambda: entrants() == everybody + 1, timeout_seconds=SETTLE_SECONDS), entrants()
        assert again.running, again.log_tail(30)
