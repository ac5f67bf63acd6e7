"""Batches in columns: reading many events together gives what reading each by itself gives."""

from typing import Any

import msgspec
import numpy as np
import pytest

from models.times import MINUTE_MS, SECOND_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.alerts.evidence import MOST_OF_A_BATCH
from streams.events.registry import Registry
from streams.pipeline.batch_reader import AT_A_TIME
from streams.pipeline.partition import PartitionState
from streams.statistics.batches import Comments, Sample
from tests.unit.events import NOON_MS, NOW_MS, campaign, influencer, partition_state, records, value_of

_BAD = (
    b"",
    b"{",
    b"\xff",
    value_of("click", "x", campaign_id=""),
    value_of("comment.created", "x", at_ms=NOW_MS + 1_000_000),
    value_of("comment.created", "x", at_ms=1),
    value_of("purchase", "x", currency="XXZ"),
    msgspec.json.encode({"type": "like"}),
)
_KINDS = {
    COMMENTS: ("comment.created", "comment.created", "comment.created", "comment.deleted"),
    POSTS: ("post.metrics", "post.reaction", "post.published", "post.deleted"),
    CONVERSIONS: ("click", "purchase", "refund", "signup"),
}


def values(topic: str, count: int, bad_every: int) -> list[bytes]:
    """Return events of two campaigns and three influencers, every seventh of them a second time, and refused ones."""
    made = []
    for place in range(count):
        number = place - (place % 7 == 1)
        kind = _KINDS[topic][number % 4]
        at: Any = NOON_MS + number * SECOND_MS // 4
        if number % 5 == 0:
            at = f"2026-04-12T12:00:{number % 60:02d}.123456Z"
        own: dict[str, Any] = {"text": ("good", "bad", "é\U0001f600")[number % 3]} if kind == "comment.created" else {}
        if topic == COMMENTS:
            own["author_id"] = f"a{number % 50}"
        if kind in ("purchase", "refund"):
            own["order_id"] = f"o{number // 9}"
        if kind == "post.metrics":
            own["likes"] = number
        influencer, campaign = ("ana", "ben", "eva")[number % 3], "cd"[number % 11 == 0]
        made.append(value_of(kind, f"e{number}", at, influencer_id=influencer, campaign_id=campaign, **own))
        if bad_every and place % bad_every == 0:
            made.append(_BAD[place // bad_every % len(_BAD)])
    return made


def everything(state: PartitionState) -> tuple[Any, ...]:
    """Return all that is kept of a partition, and what it wants to be sent."""
    rows = range(len(state.influencers))
    return (
        sorted([state.record_of(row) for row in rows]),
        state.events_total,
        state.duplicates_total,
        dict(state.intake.rejected_total),
        [(letter.offset, letter.reason, letter.detail) for letter in state.intake.dead_letters],
        state.intake.desk.book.take_dirty(),
        state.intake.forwards,
        state.positions,
        state.remembered_ids(),
        [block.comment_ids for block in state.take_facts()],
    )


@pytest.mark.parametrize("topic", _KINDS)
@pytest.mark.parametrize("bad_every", [0, 1, 190])
@pytest.mark.parametrize("giveaway", [False, True])
def test_batch_gives_what_its_records_give_one_by_one(topic: str, bad_every: int, giveaway: bool) -> None:
    """Whatever is refused among them, and whether or not a giveaway wants the events themselves."""
    rules = {"opens_at": "2026-04-12T11:00:00Z", "closes_at": "2026-04-12T13:00:00Z"}
    registry = Registry([campaign(influencer("ana"), giveaway=rules)] if giveaway else [])
    batch = records(values(topic, 2 * AT_A_TIME + 5, bad_every))
    together, singly = partition_state(registry=registry), partition_state(registry=registry)
    for state in (together, singly):
        state.influencers.advance(NOON_MS + 10 * MINUTE_MS)  # sketches count panes from where stream time began
    together.apply(topic, batch, NOW_MS)
    for record in batch:
        singly.apply(topic, [record], NOW_MS)
    assert everything(together) == everything(singly)
    assert together.events_total > AT_A_TIME


def test_records_below_the_position_are_skipped_in_mid_batch() -> None:
    """A batch that was applied in part is applied in full once."""
    batch = records(values(COMMENTS, 2 * AT_A_TIME, 0))
    state, whole = partition_state(), partition_state()
    state.apply(COMMENTS, batch[:100], NOW_MS)
    state.apply(COMMENTS, batch, NOW_MS)
    whole.apply(COMMENTS, batch, NOW_MS)
    assert state.events_total == whole.events_total
    assert state.positions == whole.positions


def test_sample_is_every_nth_comment_of_a_large_batch() -> None:
    """Whatever the size of the portions in which a batch is read."""
    count = 3 * MOST_OF_A_BATCH
    state = partition_state()
    state.apply(COMMENTS, records([value_of("comment.created", f"e{n}", text=f"{n} x") for n in range(count)]), NOW_MS)
    [held] = state.evidence._batches
    assert held.texts == [f"{n} x" for n in range(0, count, 3)]
    assert (held.stride, held.minutes.tolist()) == (3, [NOON_MS // MINUTE_MS] * MOST_OF_A_BATCH)


def test_reactions_that_count_become_evidence_once() -> None:
    """Likes, shares and saves reported one by one, of the minute they belong to; no totals, and no redelivery."""
    fields: list[dict[str, object]] = [
        {"post_id": "p"},
        {"post_id": "q", "kind": "save"},
        {"kind": "view"},
        {"count": 2},
    ]
    sent = [value_of("post.reaction", f"e{n}", **{"kind": "like", "count": 1, **each}) for n, each in enumerate(fields)]
    state = partition_state()
    state.apply(POSTS, records([*sent, sent[0]]), NOW_MS)
    assert state.evidence._posts == {NOON_MS // MINUTE_MS: {(0, "p"): 1, (0, "q"): 1}}


def test_chosen_comments_keep_what_belongs_to_them() -> None:
    """What falls out of a batch takes its polarity, its author and its sample along; the others move up."""
    comments = Comments(
        places=np.array([0, 2, 3, 5]),
        polarity=np.array([0.1, 0.2, 0.3, 0.4]),
        micros=np.array([100_000, 200_000, 300_000, 400_000]),
        classes=np.array([0, 1, 2, 2]),
        people=np.array([7, 8, 9, 10], dtype=np.uint64),
        voices=np.array([3, 4, 0, 0], dtype=np.uint64),
        post_ids=["w", "x", "y", "z"],
        sample=Sample(np.array([0, 3]), ["a", "b"], ["p", "q"], 2),
    )
    left = comments.chosen(np.array([1, 2, 3, 4]), 6)
    assert left.places.tolist() == [1, 2]
    assert left.polarity.tolist() == [0.2, 0.3]
    assert (left.micros.tolist(), left.classes.tolist()) == ([200_000, 300_000], [1, 2])
    assert (left.people.tolist(), left.post_ids) == ([8, 9], ["x", "y"])
    assert left.voices.tolist() == [4, 0]
    assert (left.sample.places.tolist(), left.sample.texts, left.sample.post_ids) == ([2], ["b"], ["q"])
