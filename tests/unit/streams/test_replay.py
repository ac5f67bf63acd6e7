"""Replay: lines to one document, with bad lines counted and time only moving forward."""

import pytest

from models.rollups import Snapshot
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.replay import Replay, topic_of
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, campaign, influencer, value_of


def replay(lines: list[bytes]) -> Replay:
    """Return a replay that has read these lines."""
    run = Replay(WordScorer(), [campaign(influencer("ana", discount_codes=("ANA",)))], NOW_MS)
    assert (list(run.feed(lines)) or [0])[-1] == run.counts().lines
    return run


def comments(snapshot: Snapshot, window: str = "total") -> list[int]:
    """Return the comments of each influencer."""
    return [rollup.windows[window].comments for rollup in snapshot.influencers]  # type: ignore[index]


def test_lines_of_all_topics_become_one_document() -> None:
    """Influencers are sorted, campaigns combined, moments those of the newest event."""
    lines = [
        value_of("comment.created", "e1", influencer_id="bruno"),
        value_of("post.reaction", "e1", NOON_MS + 5),
        value_of("purchase", "e1", influencer_id=None, discount_code="ana"),
        value_of("click", "e2", influencer_id=None),
    ]
    snapshot = replay(lines).finish()
    assert snapshot.as_of_ms == NOON_MS + 5
    assert [rollup.influencer_id for rollup in snapshot.influencers] == ["", "ana", "bruno"]
    [whole] = snapshot.campaigns
    stats = whole.windows["1m"]
    assert (stats.comments, stats.likes, stats.purchases, stats.clicks, whole.influencers) == (1, 1, 1, 1, 2)


def test_every_line_has_its_fate() -> None:
    """Counted, duplicate or rejected: nothing else, and blank lines are no lines."""
    good = value_of("comment.created")
    run = replay(
        [good, b"", b"  \n", good + b"\r\n", b"{", b"\xff", b'{"type":"x"}', value_of("comment.created", "e2")]
    )
    counts = run.counts()
    assert (counts.lines, counts.events, counts.duplicates) == (6, 2, 1)
    assert counts.rejected == {"invalid_json": 1, "invalid_utf8": 1, "unknown_type": 1}


def test_long_files_are_read_in_batches() -> None:
    """Numbers do not depend on where a batch ends, and progress is told."""
    lines = [value_of("comment.created", f"e{number}") for number in range(4_500)]
    run = Replay(WordScorer(), [], NOW_MS)
    assert list(run.feed(lines)) == [2_000, 4_000, 4_500]
    assert comments(run.finish()) == [4_500]


def test_as_of_moves_the_windows_on() -> None:
    """An hour later the last minute is empty and the total stays."""
    snapshot = replay([value_of("comment.created")]).finish(NOON_MS + HOUR_MS)
    assert (comments(snapshot, "1m"), comments(snapshot), snapshot.as_of_ms) == ([0], [1], NOON_MS + HOUR_MS)


def test_as_of_before_the_newest_event_is_refused() -> None:
    """Stream time never goes back."""
    with pytest.raises(ValueError, match=f"{NOON_MS - 1} lies before the newest event, {NOON_MS}"):
        replay([value_of("comment.created")]).finish(NOON_MS - 1)


def test_empty_file_gives_an_empty_document() -> None:
    """Nothing in, nothing out."""
    snapshot = replay([]).finish()
    assert (snapshot.as_of_ms, snapshot.campaigns, snapshot.influencers) == (0, [], [])


@pytest.mark.parametrize(
    ("value", "topic"),
    [
        (value_of("post.metrics"), POSTS),
        (value_of("comment.deleted"), COMMENTS),
        (value_of("refund"), CONVERSIONS),
        (b'{"type":"unheard.of"}', COMMENTS),
        (b'{"type":3}', COMMENTS),
        (b"\xff", COMMENTS),
        (b"[" * 100_000, COMMENTS),
        (b"", COMMENTS),
    ],
)
def test_topic_of_a_line_follows_from_its_type(value: bytes, topic: str) -> None:
    """What has no type goes where it will be refused with its reason."""
    assert topic_of(value) == topic
