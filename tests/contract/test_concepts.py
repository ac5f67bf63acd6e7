"""docs/concepts.md says what the code does: the rows of each worked example are computed anew."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.events import CommentCreated, CommentDeleted, Event
from models.giveaway import GiveawayRules
from models.times import MINUTE_MS, SECOND_MS
from models.topics import COMMENTS
from streams.changelog.dedupe import DedupeHorizon
from streams.changelog.fencing import NO_EPOCH, ChangelogOrder, decode_epoch
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.rules import RuleBook
from streams.ledger.collector import blocks_of
from streams.replay import Replay
from streams.statistics.counters import COLUMN
from streams.statistics.panes import PaneStore
from streams.statistics.windows import WINDOWS, window_start_ms
from tests.unit.events import WordScorer, value_of

PAGE = (Path(__file__).parents[2] / "docs" / "concepts.md").read_text(encoding="utf-8")
NOON = datetime(2026, 4, 18, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp()) * 1000


def clock(time_ms: int) -> str:
    """The time of day of a moment, as the page writes it."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%H:%M:%S")


def row(*cells: object) -> str:
    """A row of a table, as the page writes it."""
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def not_on_the_page(rows: Iterable[str]) -> list[str]:
    """The rows that the page does not have."""
    lines = PAGE.splitlines()
    return [each for each in rows if each not in lines]


def test_stream_time() -> None:
    """Stream time goes forward only, late events land in their own time, and far ones are refused."""
    run = Replay(WordScorer(), [], NOON_MS + 2 * MINUTE_MS)
    rows = []
    for number, seconds in enumerate((0, 50, 20, 90, 10, 600), 1):
        at_ms = NOON_MS + seconds * SECOND_MS
        list(run.feed([value_of("comment.created", f"e{number}", at_ms)]))
        windows = run.finish().influencers[0].windows
        counted = windows["1m"].comments, windows["total"].comments
        rows.append(row(f"e{number}", clock(at_ms), clock(run.state.time_ms), *counted))
    assert run.counts().rejected == {"event_time_future": 1}
    assert not_on_the_page(rows) == []


def test_panes_and_windows() -> None:
    """A window is the sum of whole panes, and moves on when its newest pane does."""
    panes, row_number = PaneStore(), np.zeros(3, dtype=np.int64)
    panes.reserve(1)
    times_ms = NOON_MS + np.array([2, 7, 61]) * SECOND_MS
    panes.advance(int(times_ms[-1]), 1)
    panes.add(row_number, times_ms, np.full(3, COLUMN["comments"]), np.ones(3, dtype=np.int64))
    rows = []
    for seconds in (61, 64, 65, 70):
        as_of_ms = NOON_MS + seconds * SECOND_MS
        panes.advance(as_of_ms, 1)
        (counted,) = panes.window_sum(row_number[:1], WINDOWS[0])[:, COLUMN["comments"]].tolist()
        rows.append(row(clock(as_of_ms), clock(window_start_ms(WINDOWS[0], as_of_ms)), counted))
    assert not_on_the_page(rows) == []


def test_the_fence() -> None:
    """What an earlier owner writes behind its successor's fence does not count."""
    order = ChangelogOrder(lambda _: NO_EPOCH)
    log = ("0.4", "A: 10 comments"), ("0.5", "fence"), ("0.4", "A: 12 comments"), ("0.5", "A: 11 comments")
    rows = [
        row(offset, epoch, text, "yes" if order.counts(0, offset, decode_epoch(epoch.encode())) else "no")
        for offset, (epoch, text) in enumerate(log)
    ]
    assert order.dropped_total == 1
    assert not_on_the_page(rows) == []


def _comment(number: int, author: str, text: str) -> Event:
    return CommentCreated(
        event_id=f"e{number}",
        campaign_id="spring",
        platform="tiktok",
        influencer_id="ana",
        occurred_at=NOON_MS + number * SECOND_MS,
        comment_id=f"c{number}",
        post_id="p1",
        author_id=author,
        text=text,
    )


def _withdrawn(number: int) -> Event:
    return CommentDeleted(
        event_id=f"d{number}",
        campaign_id="spring",
        platform="tiktok",
        influencer_id="ana",
        occurred_at=NOON_MS + MINUTE_MS,
        comment_id=f"c{number}",
        post_id="p1",
    )


FACTS = (
    ('c1: u1 writes "in"', _comment(1, "u1", "in")),
    ('c2: u1 writes "me too @mia"', _comment(2, "u1", "me too @mia")),
    ('c3: u2 writes "in @leo"', _comment(3, "u2", "in @leo")),
    ("c3 again, redelivered", _comment(3, "u2", "in @leo")),
    ("c1 is deleted", _withdrawn(1)),
)


def _entries(friends: int = 0) -> GiveawayEntries:
    rules = GiveawayRules(opens_at=NOON, closes_at=NOON.replace(hour=18), friends=friends)
    ana = InfluencerDefinition(influencer_id="ana", handle="ana", platform="tiktok")
    return GiveawayEntries(
        RuleBook(
            CampaignDefinition(
                campaign_id="spring",
                name="Spring",
                starts_at=NOON,
                ends_at=NOON.replace(hour=18),
                influencers=(ana,),
                giveaway=rules,
            )
        )
    )


def _numbers(entries: GiveawayEntries) -> tuple[int, int, int]:
    entries.settle()
    whole = entries.rollups("spring", NOON_MS)[0]
    return whole.entries, whole.valid_entries, whole.unique_entrants


def test_the_ledger_of_giveaways() -> None:
    """Numbers are a function of the set of facts, and rules are applied by the reader."""
    entries, asking = _entries(), _entries(friends=1)
    rows = []
    for text, event in FACTS:
        (block,) = blocks_of("spring", COMMENTS, [event])
        entries.put(block)
        asking.put(block)
        rows.append(row(text, *_numbers(entries), _numbers(asking)[1]))
    assert not_on_the_page(rows) == []
    backwards = _entries()
    for _, event in reversed((*FACTS, *FACTS)):
        backwards.put(blocks_of("spring", COMMENTS, [event])[0])
    assert _numbers(backwards) == _numbers(entries)


@pytest.mark.parametrize(("committed", "known"), [(20, "a, b, c"), (10, "a, b"), (0, "none")])
def test_dedupe(committed: int, known: str) -> None:
    """After a crash only ids up to the committed offset are remembered."""
    ids = {"a": 11, "b": 22, "c": 33}
    before = DedupeHorizon()
    log = {}
    for names, next_offset in (("ab", 10), ("c", 20)):
        assert before.first_seen(np.array([ids[name] for name in names], dtype=np.uint64), NOON_MS).all()
        log.update(before.seal(next_offset))
    after = DedupeHorizon()
    after.restore(log, committed)
    is_new = after.first_seen(np.array(list(ids.values()), dtype=np.uint64), NOON_MS).tolist()
    remembered = ", ".join(name for name, new in zip(ids, is_new, strict=True) if not new) or "none"
    counted = ", ".join(name for name, new in zip(ids, is_new, strict=True) if new) or "none"
    assert remembered == known
    assert not_on_the_page([row(committed, remembered, counted)]) == []
