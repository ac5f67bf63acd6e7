"""When a flush is due again, at the interval or at a distance of its work, and when facts of giveaways leave."""

import asyncio
import itertools
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka.errors import KafkaError

from agents.broker.record_collector import Delivery
from agents.broker.set_aside import SetAside
from agents.state.fence import Fence
from agents.state.stores import MemoryStore
from agents.state.table import StateTable
from agents.worker.fact_sender import AHEAD_AT_ONCE, LATE_BYTES, FactSender
from agents.worker.flush import Flusher
from agents.worker.minutes import MinutePublisher
from agents.worker.numbers import NumberPublisher
from models.rollups import GiveawayRollup
from models.topics import COMMENTS, ENTRIES, POSTS
from streams.events.partitioning import partition_of
from streams.ledger.block_builder import BLOCK_COMMENTS
from streams.ledger.blocks import EntryBlock
from streams.pipeline.limits import Limits
from streams.pipeline.pipeline import Pipeline
from streams.statistics.campaign_minutes import CampaignMinutes
from streams.statistics.campaigns import CampaignBoard
from tests.unit.agents.stages.test_entries import definition
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, records, value_of

INTERVAL_SECONDS = 1.0
STEP_SECONDS = 0.25


class Member:
    """A member of the group that is never put out."""

    is_valid = True

    async def assure(self) -> None:
        """Nothing to wait for."""


class SlowBroker:
    """A record collector whose first delivery takes time by the clock and of the processor; its own clocks too."""

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


def history_to(collector: Any) -> MinutePublisher:
    """Return what publishes the history by minute, without a read model."""
    return MinutePublisher(CampaignMinutes(), collector, None)


def seconds_until_due(
    seconds: float,
    cpu_seconds: float,
    *,
    quiet: bool = False,
    has_news: bool = False,
    flushes: int = 1,
    misplaced: str = "",
) -> float:
    """Flush, as a rule once, and return how long it is from the end of that until the next flush, in steps.

    After the first flush an event of ``misplaced`` comes in, an influencer who is at home elsewhere.
    """
    pipeline = Pipeline(WordScorer(), 2 if misplaced else 1)
    state = pipeline.assign(0)
    state.apply(POSTS, records([value_of("post.published", "e1", NOON_MS)]), NOW_MS)
    if quiet:
        state.tick(POSTS, NOW_MS)
    broker = SlowBroker(seconds, cpu_seconds)
    collector: Any = broker
    member: Any = Member()
    ledger: Any = Ledger(has_news=has_news)
    fence = Fence(StateTable(MemoryStore()), "changelog", collector, member, print)
    facts = FactSender(pipeline, collector, ledger)
    flusher = Flusher(
        pipeline,
        fence,
        collector,
        facts,
        NumberPublisher(pipeline, CampaignBoard(), facts, ledger, collector, member, None, history_to(collector)),
        lambda tp, offset: None,
        SetAside(),
        INTERVAL_SECONDS,
        clock=lambda: broker.now,
        cpu_clock=lambda: broker.cpu,
    )

    async def twice() -> float:
        await fence.take_over([0], 1, {})
        assert await flusher.flush_if_due()
        if misplaced:
            event = value_of("post.published", "e2", NOON_MS, influencer_id=misplaced)
            state.apply(POSTS, records([event], first_offset=1), NOW_MS)
            state.tick(POSTS, NOW_MS)
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


def test_what_is_to_be_sent_on_leaves_at_once_when_the_stream_is_quiet() -> None:
    """An order is read in three partitions before it counts: it does not wait for an interval in each."""
    elsewhere = next(name for name in map(str, itertools.count()) if partition_of(name, 2) == 1)
    assert seconds_until_due(0.0, 0.0, quiet=True, misplaced=elsewhere) == 0.0
    assert seconds_until_due(0.0, 0.0, quiet=True, misplaced=elsewhere, flushes=2) == INTERVAL_SECONDS


def test_what_was_decided_about_entries_is_shown_soon_once_the_stream_is_quiet() -> None:
    """One flush in each interval is early for that, and none while there are events to be read."""
    assert seconds_until_due(0.0, 0.0, quiet=True, has_news=True) == STEP_SECONDS
    assert seconds_until_due(0.0, 0.0, quiet=True, has_news=True, flushes=2) == INTERVAL_SECONDS
    assert seconds_until_due(0.0, 0.0, quiet=True, has_news=True, flushes=3) == STEP_SECONDS
    assert seconds_until_due(0.0, 0.0, has_news=True) == INTERVAL_SECONDS


class Log:
    """A record collector and a second stage of giveaways that note what happens in what order."""

    pending_bytes = 0
    has_news = False

    def __init__(self) -> None:
        self._begun: list[tuple[int, int, asyncio.Future[list[Delivery]]]] = []
        self._end = 0
        self.has_arrived = asyncio.Event()
        self.noted: list[object] = []
        self.sending: list[asyncio.Future[list[Delivery]]] = []

    def add(self, *record: object) -> None:
        """State is not what this is about."""

    def add_keyed(self, *record: object) -> None:
        """Numbers for readers are not what this is about."""

    def partition_of(self, topic: str, partition_key: str) -> int:
        """The length of the campaign's name."""
        return len(partition_key)

    async def deliver(self) -> list[Delivery]:
        """Wait for what was begun."""
        if self._begun:
            self.arrive()
        return []

    def begin(
        self, topic: str, partition: int, records: Iterable[tuple[bytes, bytes]]
    ) -> asyncio.Future[list[Delivery]]:
        """Note that records begin to be sent."""
        self.noted.append("begun")
        sending = asyncio.get_running_loop().create_future()
        self._begun.append((partition, len(list(records)), sending))
        self.sending.append(sending)
        return sending

    def arrive(self) -> None:
        """Have the brokers take what was begun."""
        self.noted.append("delivered")
        self.has_arrived.set()
        begun, self._begun = self._begun, []
        for partition, count, sending in begun:
            sending.set_result([Delivery(ENTRIES, partition, self._end, count)])
            self._end += count

    async def apply_in_flight(self, partition: int, blocks: Iterable[EntryBlock]) -> int:
        """Note what is written; others have a turn meanwhile."""
        self.noted.append((partition, [each.count for each in blocks]))
        await asyncio.sleep(0)
        return partition

    async def settle_in_flight(self, own: int, deliveries: Iterable[Delivery]) -> None:
        """Note where it was written."""
        self.noted.append((own, list(deliveries)))

    def take_changed(self, *, busy: bool) -> list[GiveawayRollup]:
        """Note that numbers are asked for."""
        self.noted.append("asked")
        return []


PLACE = len("spring")


class Writing:
    """A worker that reads comments of the giveaway, and what it does about them."""

    def __init__(
        self, late_bytes: int = LATE_BYTES, ahead_at_once: int = AHEAD_AT_ONCE, block_comments: int = BLOCK_COMMENTS
    ) -> None:
        self.pipeline = Pipeline(WordScorer(), 1, limits=Limits(block_comments=block_comments))
        self.pipeline.define(definition())
        self.state, self.log, self.member = self.pipeline.assign(0), Log(), Member()
        self._offset = 0
        self.now_seconds = 0.0
        self.lag = 0
        log: Any = self.log
        member: Any = self.member
        self.fence = Fence(StateTable(MemoryStore()), "changelog", log, member, print)
        facts = FactSender(self.pipeline, log, log, lambda: self.lag, ahead_at_once, late_bytes)
        self.flusher = Flusher(
            self.pipeline,
            self.fence,
            log,
            facts,
            NumberPublisher(self.pipeline, CampaignBoard(), facts, log, log, member, None, history_to(log)),
            lambda tp, offset: self.log.noted.append("confirmed"),
            SetAside(),
            INTERVAL_SECONDS,
            clock=lambda: self.now_seconds,
            cpu_clock=lambda: 0.0,
        )

    async def flush_and_read_meanwhile(self, comments: int = 3) -> None:
        """Flush, and read some comments once its facts have been delivered."""
        self.log.has_arrived.clear()
        flushing = asyncio.create_task(self.flusher.flush())
        await self.log.has_arrived.wait()
        self.read(comments)
        assert not flushing.done()
        await flushing

    def read(self, comments: int = 3) -> None:
        """Read some comments."""
        said = [f"e{self._offset + place}" for place in range(comments)]
        made = [value_of("comment.created", each, NOON_MS, campaign_id="spring", comment_id=each) for each in said]
        self.state.apply(COMMENTS, records(made, self._offset), NOW_MS)
        self._offset += comments

    def noted(self) -> list[object]:
        """Return what happened since last asked, but for confirmed offsets."""
        noted, self.log.noted = self.log.noted, []
        return [each for each in noted if each != "confirmed"]


def arrived(offset: int) -> tuple[int, list[Delivery]]:
    """Return how it is noted that one block stands there."""
    return PLACE, [Delivery(ENTRIES, PLACE, offset, 1)]


def test_facts_are_decided_while_they_are_on_their_way_and_shown_once_they_were_confirmed() -> None:
    """Whoever decides has the blocks of each ledger, then where they stand, and is asked for numbers last."""

    async def flushes() -> None:
        writing = Writing()
        await writing.fence.take_over([0], 1, {})
        for number in range(2):
            writing.read()
            await writing.flusher.flush()
            log = writing.log.noted
            assert log.index("confirmed") == log.index("delivered") + 1
            assert writing.noted() == ["begun", (PLACE, [3]), "delivered", arrived(number), "asked"]

    asyncio.run(flushes())


def test_what_is_read_during_a_flush_is_decided_in_it_when_it_is_much_and_little_is_left() -> None:
    """Its numbers are asked for once it has been delivered too; in the middle of a backlog a flush waits only once."""

    async def scenario() -> None:
        writing = Writing(late_bytes=1)
        await writing.fence.take_over([0], 1, {})
        writing.read(3)
        await writing.flush_and_read_meanwhile(2)
        first = ["begun", (PLACE, [3]), "delivered", arrived(0)]
        assert writing.noted() == [*first, "begun", (PLACE, [2]), "delivered", arrived(1), "asked"]
        writing.lag = 1_000_000
        writing.read(3)
        await writing.flush_and_read_meanwhile(2)
        assert writing.noted() == ["begun", (PLACE, [3]), "delivered", arrived(2), "asked"]

    asyncio.run(scenario())


def test_facts_that_a_flush_has_left_follow_at_once_when_the_stream_is_quiet() -> None:
    """Not while there are events to be read, and once in an interval; a flush that leaves none is not followed."""

    async def scenario() -> None:
        writing = Writing()
        flusher = writing.flusher
        await writing.fence.take_over([0], 1, {})
        writing.read(3)
        await writing.flush_and_read_meanwhile()
        assert not await flusher.flush_if_due()
        writing.state.tick(COMMENTS, NOW_MS)
        assert await flusher.flush_if_due()
        assert writing.noted()[-5:] == ["begun", (PLACE, [3]), "delivered", arrived(1), "asked"]
        assert not await flusher.flush_if_due()
        writing.now_seconds += INTERVAL_SECONDS
        assert await flusher.flush_if_due()
        assert not await flusher.flush_if_due()

    asyncio.run(scenario())


def test_full_blocks_leave_before_their_flush() -> None:
    """They are confirmed as they arrive; the flush brings the rest, and waits for what has not arrived."""

    async def scenario() -> None:
        writing = Writing(block_comments=3)
        await writing.fence.take_over([0], 1, {})
        for _ in range(3):
            writing.read(3)
            await writing.flusher.send_ahead(0)
        assert writing.noted() == ["begun", (PLACE, [3]), "begun", (PLACE, [3])]
        writing.log.arrive()
        await writing.flusher.send_ahead(0)
        assert writing.noted() == ["delivered", arrived(0), arrived(1)]
        writing.read(3)
        await writing.flusher.send_ahead(0)
        await writing.flusher.flush()
        taken = ["begun", (PLACE, [3])]
        assert writing.noted() == [*taken, *taken, "delivered", arrived(2), arrived(3), "asked"]

    asyncio.run(scenario())


def test_what_is_taken_while_arrivals_are_noted_is_confirmed_too() -> None:
    """Two topics are read side by side: one hands facts on, and the other looks for those that have arrived."""

    async def scenario() -> None:
        writing = Writing(block_comments=3)
        await writing.fence.take_over([0], 1, {})
        for _ in range(2):
            writing.read(3)
        handing_on = asyncio.create_task(writing.flusher.send_ahead(0))
        await asyncio.sleep(0)  # it is half-way through now
        assert len(writing.log.sending) == 1
        await writing.flusher.send_ahead(0)
        await handing_on
        writing.log.arrive()
        await writing.flusher.send_ahead(0)
        assert writing.noted() == ["begun", (PLACE, [3]), "delivered", arrived(0)]

    asyncio.run(scenario())


def test_full_blocks_wait_for_a_session_for_room_and_for_a_flush_under_way() -> None:
    """Nothing is sent while the partitions may be others', beside a flush, or when much is on its way."""

    async def scenario() -> None:
        writing = Writing(ahead_at_once=1, block_comments=3)
        await writing.fence.take_over([0], 1, {})
        writing.read(3)
        writing.read(3)
        writing.member.is_valid = False
        await writing.flusher.send_ahead(0)
        assert writing.noted() == []
        writing.member.is_valid = True
        await writing.flusher.send_ahead(0)
        writing.read(3)
        await writing.flusher.send_ahead(0)
        assert writing.noted() == ["begun", (PLACE, [3])]
        flushing = asyncio.create_task(writing.flusher.flush())
        await writing.log.has_arrived.wait()
        writing.read(3)
        writing.read(3)
        await writing.flusher.send_ahead(0)
        assert not flushing.done()
        await flushing
        assert writing.noted() == [
            "begun",
            (PLACE, [3, 3]),
            "delivered",
            arrived(0),
            (PLACE, [Delivery(ENTRIES, PLACE, 1, 2)]),
            "asked",
        ]
        await writing.flusher.send_ahead(0)
        assert writing.noted() == ["begun", (PLACE, [3])]

    asyncio.run(scenario())


def test_a_block_that_cannot_be_delivered_ends_the_worker_and_one_that_was_given_up_does_not() -> None:
    """The reason is told with the next batch, before any flush."""

    async def scenario() -> None:
        writing = Writing(block_comments=3)
        await writing.fence.take_over([0], 1, {})
        for _ in range(2):
            writing.read(3)
        await writing.flusher.send_ahead(0)
        writing.log.sending[0].cancel()
        await writing.flusher.send_ahead(0)
        assert writing.noted() == ["begun", (PLACE, [3]), (PLACE, [])]
        for _ in range(2):
            writing.read(3)
        await writing.flusher.send_ahead(0)
        writing.log.sending[1].set_exception(KafkaError("refused"))
        with pytest.raises(KafkaError, match="refused"):
            await writing.flusher.send_ahead(0)

    asyncio.run(scenario())
