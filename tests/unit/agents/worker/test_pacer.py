"""Glances: numbers are shown before the flush that keeps them. The pacer: somebody looks at the clock."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec

from agents.worker.pace import NEARLY_READ, Pace
from agents.worker.pacer import Glance, Pacer
from models.rollups import Rollup
from models.topics import COMMENTS
from streams.pipeline.pipeline import Pipeline
from streams.statistics.snapshots import describe
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, records, value_of


class Shown:
    """A worker with two influencers, and what its read model was given."""

    def __init__(self) -> None:
        self.pipeline = Pipeline(WordScorer(), 1)
        self.state = self.pipeline.assign(0)
        self.lag = 0
        self.now = 0.0
        self.member = SimpleNamespace(is_valid=True)
        self.put: list[tuple[str, int]] = []
        self.encoded: list[bytes] = []
        self._next = 0
        self.pace = Pace(0.05, lambda: self.lag, lambda: 0, lambda: self.now)
        redis: Any = SimpleNamespace(put=self._take)
        member: Any = self.member
        self.glance = Glance(self.pipeline, redis, member, self.pace, 0.05, clock=lambda: self.now)

    def _take(self, rollup: Rollup, encoded: bytes) -> None:
        total = msgspec.json.decode(encoded)["windows"]["total"]
        self.put.append((getattr(rollup, "influencer_id", ""), total["comments"]))
        self.now += 0.01

    def read(self, *influencers: str) -> None:
        """Read a comment for each of these influencers."""
        said = []
        for influencer_id in influencers:
            name = f"e{self._next}"
            said.append(value_of("comment.created", name, NOON_MS, influencer_id=influencer_id, comment_id=name))
            self._next += 1
        self.state.apply(COMMENTS, records(said, self._next - len(said)), NOW_MS)

    def look(self) -> list[tuple[str, int]]:
        """Glance, and return who was shown with how many comments."""
        self.put.clear()
        asyncio.run(self.glance.show())
        return sorted(self.put)


def test_a_glance_shows_who_was_touched_since_the_last_one() -> None:
    """Everybody who has something new, with all that was counted; nobody else."""
    shown = Shown()
    shown.read("ana", "ana", "ben")
    assert shown.look() == [("ana", 2), ("ben", 1)]
    assert shown.look() == []
    shown.read("ben")
    assert shown.look() == [("ben", 2)]


def test_the_next_flush_publishes_what_a_glance_has_shown() -> None:
    """Glances write to the read model only: the logs still have to hear of it, and of what was touched before."""
    shown = Shown()
    shown.read("ana", "ben")
    shown.look()
    shown.read("ben")
    state = shown.state
    rows = state.take_changed()
    assert sorted(state.influencers.keys[row][1] for row in rows) == ["ana", "ben"]
    assert shown.look() == [], "what a flush has published is shown"


def test_a_glance_shows_the_very_numbers_of_a_flush() -> None:
    """Byte for byte: readers cannot tell one from the other."""
    shown = Shown()
    shown.read("ana", "ben", "ana")
    seen: list[bytes] = []
    redis: Any = SimpleNamespace(put=lambda rollup, encoded: seen.append(encoded))
    member: Any = shown.member
    asyncio.run(Glance(shown.pipeline, redis, member, shown.pace, 0.05).show())
    flushed = describe(shown.state.influencers, shown.pipeline.registry, shown.state.take_changed())
    assert seen == [msgspec.json.encode(rollup) for rollup, _ in flushed]


def test_nothing_is_shown_in_a_backlog_or_without_a_session() -> None:
    """Events want the time; and who owns the partitions is not known. Afterwards it is shown."""
    shown = Shown()
    shown.read("ana")
    shown.lag = NEARLY_READ + 1
    assert shown.look() == []
    shown.lag, shown.member.is_valid = 0, False
    assert shown.look() == []
    shown.member.is_valid = True
    assert shown.look() == [("ana", 1)]


def test_glances_take_an_eighth_of_the_time() -> None:
    """Two influencers take 20 ms here, which 140 ms without follow; with nothing to show it is the least time."""
    shown = Shown()
    shown.read("ana", "ben")
    shown.look()
    assert round(shown.glance.pause_seconds(), 6) == 0.14
    shown.now += 1
    shown.look()
    assert round(shown.glance.pause_seconds(), 6) == 0.05


def test_partitions_that_are_given_back_are_shown_no_more() -> None:
    """Between the influencers of a partition others have their turn, and may take it away."""
    shown = Shown()
    shown.read(*(f"i{number}" for number in range(50)))

    async def given_back() -> None:
        showing = asyncio.create_task(shown.glance.show())
        await asyncio.sleep(0)
        shown.pipeline.revoke(0)
        await showing

    asyncio.run(given_back())
    assert len(shown.put) == 20


def test_the_pacer_flushes_when_nothing_else_comes_in() -> None:
    """One event, and no batch or tick behind it: the flush is asked for until it was due."""

    async def scenario() -> list[str]:
        pace = Pace(0.02, lambda: 0, lambda: 0)
        asked: list[str] = []
        done = asyncio.Event()

        async def flush() -> bool:
            asked.append("flush")
            if len(asked) < 2:
                return False
            pace.began()
            pace.ended(0.0)
            done.set()
            return True

        flusher: Any = SimpleNamespace(pause_seconds=lambda: 0.0)
        pacer = Pacer(pace, flusher, flush, None)
        await pacer.start()
        pace.note()
        await asyncio.wait_for(done.wait(), 30)
        await pacer.stop()
        return asked

    assert asyncio.run(scenario()) == ["flush", "flush"]
