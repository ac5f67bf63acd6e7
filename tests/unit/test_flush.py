"""When a flush is due again: at the interval, after work at a distance of the work, after waiting at once."""

import asyncio
from collections.abc import Iterable

import pytest

from agents.fence import Fence
from agents.flush import Flusher
from agents.outbox import Delivery, Headers
from agents.state_store import MemoryStore
from agents.state_table import StateTable
from models.rollups import GiveawayRollup
from streams.campaigns import CampaignBoard
from streams.entry_block import EntryBlock
from streams.pipeline import Pipeline
from streams.topics import COMMENTS, ENTRIES, POSTS
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, records, value_of
from tests.unit.test_entry_stage import definition

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


class Log:
    """An outbox and a second stage of giveaways that note what happens in what order."""

    pending_bytes = 0
    has_news = False

    def __init__(self) -> None:
        self._pending: dict[tuple[str, int], int] = {}
        self._ends: dict[tuple[str, int], int] = {}
        self.noted: list[object] = []

    def add(self, topic: str, partition: int, key: bytes, value: bytes | None, headers: Headers | None = None) -> None:
        """Take a record."""
        self._pending[topic, partition] = self._pending.get((topic, partition), 0) + 1

    def add_keyed(self, *record: object) -> None:
        """Numbers for readers are not what this is about."""

    def partition_of(self, topic: str, partition_key: str) -> int:
        """The length of the campaign's name."""
        return len(partition_key)

    async def deliver(self) -> list[Delivery]:
        """Deliver everything, by topic and partition."""
        pending, self._pending = self._pending, {}
        delivered = []
        for (topic, partition), count in pending.items():
            first = self._ends.get((topic, partition), 0)
            self._ends[topic, partition] = first + count
            delivered.append(Delivery(topic, partition, first, count))
        if ENTRIES in {each.topic for each in delivered}:
            self.noted.append("delivered")
        return delivered

    def begin(self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes]]) -> None:
        """Note that records begin to be sent."""
        self.noted.append("begun")
        for key, value in records:
            self.add(topic, partition, key, value)

    async def take_own(self, partition: int, blocks: Iterable[EntryBlock]) -> None:
        """Note what is written."""
        self.noted.append((partition, [each.count for each in blocks]))

    async def confirm_own(self, partition: int, deliveries: Iterable[Delivery]) -> None:
        """Note where it was written."""
        self.noted.append((partition, list(deliveries)))

    def take_changed(self, *, busy: bool) -> list[GiveawayRollup]:
        """Note that numbers are asked for."""
        self.noted.append("asked")
        return []


def test_facts_are_decided_while_they_are_on_their_way_and_shown_once_they_were_confirmed() -> None:
    """Whoever decides has the blocks of each ledger, then where they stand, and is asked for numbers last."""
    pipeline = Pipeline(WordScorer(), 1)
    pipeline.define(definition())
    state, log = pipeline.assign(0), Log()
    fence = Fence(StateTable(MemoryStore()), "changelog", log, Member(), print)  # type: ignore[arg-type]  # stand-ins
    flusher = Flusher(
        pipeline,
        CampaignBoard(),
        log,  # type: ignore[arg-type]  # a stand-in for the one that talks to a broker
        None,
        fence,
        lambda tp, offset: log.noted.append("confirmed"),
        INTERVAL_SECONDS,
        entries=log,  # type: ignore[arg-type]  # a stand-in for the one that reads a ledger
    )

    async def flushes() -> None:
        await fence.take_over([0], 1, {})
        for number in range(2):
            said = [f"e{number}{place}" for place in range(3)]
            made = [value_of("comment.created", each, NOON_MS, campaign_id="spring", comment_id=each) for each in said]
            state.apply(COMMENTS, records(made, 3 * number), NOW_MS)
            await flusher.flush()

    asyncio.run(flushes())
    place = len("spring")
    first, second = (Delivery(ENTRIES, place, offset, 1) for offset in (0, 1))
    confirmed = log.noted.index("confirmed")
    assert log.noted[confirmed - 1] == "delivered"
    about = [each for each in log.noted if each != "confirmed"]
    assert about[:5] == ["begun", (place, [3]), "delivered", (place, [first]), "asked"]
    assert about[5:] == ["begun", (place, [3]), "delivered", (place, [second]), "asked"]
