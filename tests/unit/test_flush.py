"""When a flush is due again: at the interval, after work at a distance of the work, after waiting at once."""

import asyncio

import pytest

from agents.fence import Fence
from agents.flush import Flusher
from agents.outbox import Delivery
from agents.state_store import MemoryStore
from agents.state_table import StateTable
from models.rollups import GiveawayRollup
from streams.campaigns import CampaignBoard
from streams.pipeline import Pipeline
from streams.topics import POSTS
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, records, value_of

INTERVAL_SECONDS = 1.0
STEP_SECONDS = 0.25


class Member:
    """A member of the group that is never put out."""

    async def assure(self) -> None:
        """Nothing to wait for."""


class SlowBroker:
    """An outbox whose first delivery takes some time by the clock, and some of the processor's; its own clocks too."""

    pending_bytes = 0

    def __init__(self, seconds: float, cpu_seconds: float) -> None:
        self.now = self.cpu = 0.0
        self._next = (seconds, cpu_seconds)

    def add(self, *record: object) -> None:
        """Take a record."""

    def add_keyed(self, *record: object) -> None:
        """Take a record."""

    async def deliver(self) -> list[Delivery]:
        """Deliver nothing, slowly."""
        self.now, self.cpu = self.now + self._next[0], self.cpu + self._next[1]
        self._next = (0.0, 0.0)
        return []


class Ledger:
    """The second stage of giveaways, to whom the first flush and every later one bring facts or none."""

    def __init__(self, *, has_news: bool) -> None:
        self._brings_news = self.has_news = has_news

    def take_changed(self, *, busy: bool) -> list[GiveawayRollup]:
        """Return no numbers; the next facts are there at once."""
        self.has_news = self._brings_news
        return []


def seconds_until_due(
    seconds: float, cpu_seconds: float, *, quiet: bool = False, has_news: bool = False, flushes: int = 1
) -> float:
    """Flush, as a rule once, and return how long it is from the end of that until the next flush, in steps."""
    pipeline = Pipeline(WordScorer(), 1)
    state = pipeline.assign(0)
    state.apply(POSTS, records([value_of("post.published", "e1", NOON_MS)]), NOW_MS)
    if quiet:
        state.tick(POSTS, NOW_MS)
    broker = SlowBroker(seconds, cpu_seconds)
    fence = Fence(StateTable(MemoryStore()), "changelog", broker, Member(), print)  # type: ignore[arg-type]  # stand-ins
    flusher = Flusher(
        pipeline,
        CampaignBoard(),
        broker,  # type: ignore[arg-type]  # a stand-in for the one that talks to a broker
        None,
        fence,
        lambda tp, offset: None,
        INTERVAL_SECONDS,
        entries=Ledger(has_news=has_news),  # type: ignore[arg-type]  # a stand-in for the one that reads a ledger
        clock=lambda: broker.now,
        cpu_clock=lambda: broker.cpu,
    )

    async def twice() -> float:
        await fence.take_over([0], 1, {})
        assert await flusher.flush_if_due()
        for _ in range(flushes):
            ended_at = broker.now
            while not await flusher.flush_if_due():
                broker.now += STEP_SECONDS
        return broker.now - ended_at

    return asyncio.run(twice())


@pytest.mark.parametrize(
    ("seconds", "cpu_seconds", "pause_seconds"),
    [
        (0.0, 0.0, INTERVAL_SECONDS),
        (0.5, 0.1, INTERVAL_SECONDS - 0.5),
        (2.0, 2.0, 8.0),
        (30.0, 0.0, 0.0),
        (30.0, 0.25, 1.0),
    ],
    ids=["quick", "within the interval", "much to do", "a broker that was away", "and a little to do"],
)
def test_the_next_flush_comes_after(seconds: float, cpu_seconds: float, pause_seconds: float) -> None:
    """Four times as long as it kept the processor busy, or when the interval is over; waiting does not count."""
    assert seconds_until_due(seconds, cpu_seconds) == pytest.approx(pause_seconds)


def test_once_the_stream_is_quiet_the_next_flush_comes_with_the_interval() -> None:
    """After a burst the last numbers do not wait for four times the work of the flush before."""
    assert seconds_until_due(2.0, 2.0, quiet=True) == 0.0
    assert seconds_until_due(0.5, 0.5, quiet=True) == INTERVAL_SECONDS - 0.5


def test_what_was_decided_about_entries_is_shown_soon_once_the_stream_is_quiet() -> None:
    """One flush in each interval is early for that, and none while there are events to be read."""
    assert seconds_until_due(0.0, 0.0, quiet=True, has_news=True) == STEP_SECONDS
    assert seconds_until_due(0.0, 0.0, quiet=True, has_news=True, flushes=2) == INTERVAL_SECONDS
    assert seconds_until_due(0.0, 0.0, quiet=True, has_news=True, flushes=3) == STEP_SECONDS
    assert seconds_until_due(0.0, 0.0, has_news=True) == INTERVAL_SECONDS
