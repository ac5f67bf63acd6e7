"""The worker's second stage of giveaways: ledgers read to their ends before anything is shown."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import msgspec
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord
from prometheus_client.samples import Sample

from agents.broker.record_collector import Delivery
from agents.broker.set_aside import SetAside
from agents.connection.kafka import KafkaConnection
from agents.metrics.giveaways import GiveawayCollector
from agents.stages.entries import EntryStage
from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.giveaway import GiveawayRules
from models.rollups import GiveawayRollup
from models.topics import ENTRIES
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.ledger.blocks import EntryBlock
from streams.ledger.fact_records import decode_fact, encode_fact
from tests.unit.streams.giveaway.test_entries import OPENS, OPENS_MS, block, comment

PARTITIONS = 4
HOME = partition_of("spring", PARTITIONS)


class Ledger:
    """A consumer of a ledger that holds what the test puts into partition ``HOME``; ``at_once`` records a fetch."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.values: list[tuple[bytes, bytes]] = []
        self.at = 0
        self.assigned: set[int] = set()
        self.resting: set[TopicPartition] = set()
        self.rewound = 0
        self.fetched = 0
        self.asked = 0
        self.at_once = 1

    async def start(self) -> None:
        """Nothing to connect to."""

    async def stop(self) -> None:
        """Nothing to leave."""

    def unsubscribe(self) -> None:
        """Forget the assignment."""
        self.assigned = set()

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Take partitions."""
        self.assigned = {each.partition for each in partitions}
        self.resting = set()

    def assignment(self) -> set[TopicPartition]:
        """What is assigned."""
        return {TopicPartition(ENTRIES, partition) for partition in self.assigned}

    def pause(self, *partitions: TopicPartition) -> None:
        """Fetch nothing of these."""
        self.resting |= set(partitions)

    def resume(self, *partitions: TopicPartition) -> None:
        """Fetch these again."""
        self.resting -= set(partitions)

    def paused(self) -> set[TopicPartition]:
        """What is not fetched."""
        return set(self.resting)

    async def end_offsets(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        """Where logs end."""
        self.asked += 1
        return {each: self.highwater(each) for each in partitions}

    def seek(self, partition: TopicPartition, offset: int) -> None:
        """Go on elsewhere."""
        self.at = offset

    async def seek_to_beginning(self, *partitions: TopicPartition) -> None:
        """Begin again."""
        self.rewound += 1
        if HOME in {each.partition for each in partitions}:
            self.at = 0

    def highwater(self, partition: TopicPartition) -> int:
        """Where the log ends."""
        return len(self.values) if partition.partition == HOME else 0

    async def position(self, partition: TopicPartition) -> int:
        """Where reading stands."""
        return self.at if partition.partition == HOME else 0

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        """The next records, if there are any."""
        await asyncio.sleep(0.001)
        if HOME not in self.assigned or TopicPartition(ENTRIES, HOME) in self.resting or self.at >= len(self.values):
            return {}
        self.fetched += 1
        found = self.values[self.at : self.at + self.at_once]
        records = [
            ConsumerRecord(ENTRIES, HOME, self.at + number, 0, 0, key, value, None, 0, 0, ())
            for number, (key, value) in enumerate(found)
        ]
        self.at += len(records)
        return {TopicPartition(ENTRIES, HOME): records}


def definition(**rules: Any) -> CampaignDefinition:
    """A campaign with a giveaway."""
    influencer = InfluencerDefinition(influencer_id="ana", handle="ana", platform="tiktok")
    closes = OPENS.replace(hour=20)
    return CampaignDefinition(
        campaign_id="spring",
        name="Spring",
        starts_at=OPENS,
        ends_at=closes,
        influencers=(influencer,),
        giveaway=GiveawayRules(opens_at=OPENS, closes_at=closes, **rules),
    )


async def until(stage: EntryStage, found: Callable[[list[GiveawayRollup]], bool]) -> list[GiveawayRollup]:
    """Ask for changed numbers until they are as wanted; whatever came before is returned with them."""
    seen: list[GiveawayRollup] = []
    async with asyncio.timeout(10):
        while not found(seen):
            await asyncio.sleep(0.001)
            seen += stage.take_changed()
    return seen


def scenario(test: Callable[[EntryStage, Ledger], Any]) -> None:
    """Run a test with a started stage on a ledger of three blocks of one entry each."""

    async def run() -> None:
        ledger = Ledger()
        for number in range(3):
            made = block([comment(number, f"u{number % 2}", text=("in", "#win")[number % 2])])
            made = msgspec.structs.replace(made, first_offset=number)
            ledger.values.append((made.key(), encode_fact(made)))
        with mock.patch("agents.stages.entries.AIOKafkaConsumer", return_value=ledger):
            stage = EntryStage(
                KafkaConnection(address="broker:9092"), PARTITIONS, lambda: OPENS_MS, SetAside(), mock.AsyncMock()
            )
            await stage.start()
            try:
                await test(stage, ledger)
            finally:
                await stage.stop()

    asyncio.run(run())


def test_nothing_is_shown_before_the_end_of_the_ledger() -> None:
    """The first numbers that are given out are those of all blocks."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        stage.follow(Registry([definition()]))
        assert stage.take_changed() == []
        stage.assign(range(PARTITIONS))
        seen = await until(stage, bool)
        assert [(each.influencer_id, each.entries, each.unique_entrants) for each in seen] == [
            ("", 3, 2),
            ("ana", 3, 2),
        ]
        assert stage.take_changed() == []

    scenario(test)


def test_changed_rules_are_applied_to_the_whole_ledger() -> None:
    """A new rule makes the reader begin again; a change that no rule is about does not."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        first = definition()
        stage.follow(Registry([first]))
        stage.assign(range(PARTITIONS))
        await until(stage, bool)
        rewound = ledger.rewound
        stage.follow(Registry([msgspec.structs.replace(first, name="Renamed")]))
        assert stage.take_changed() == []
        stage.follow(Registry([definition(hashtags=("win",))]))
        seen = await until(stage, bool)
        assert (seen[0].entries, seen[0].valid_entries, seen[0].invalid_entries) == (3, 1, {"missing_hashtag": 2})
        assert ledger.rewound == rewound + 1

    scenario(test)


def gauges_of(stage: EntryStage, registry: Registry, label_cap: int) -> list[Sample]:
    """The samples of a scrape."""
    collector = GiveawayCollector(lambda: stage.board, lambda: registry, label_cap)
    return [sample for family in collector.collect() for sample in family.samples]


def test_a_released_partition_is_read_from_the_beginning_when_it_returns() -> None:
    """After a rebalance nothing is shown of what another worker owns, and everything again of what comes back."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        stage.follow(Registry([definition()]))
        stage.assign(range(PARTITIONS))
        await until(stage, bool)
        stage.release()
        assert stage.take_changed() == []
        assert gauges_of(stage, Registry([definition()]), 10) == []
        stage.assign({HOME})
        seen = await until(stage, bool)
        assert [each.entries for each in seen] == [3, 3]

    scenario(test)


def test_gauges_name_campaigns_and_defined_influencers_only() -> None:
    """Labels are bounded: influencers beyond the cap, or in no definition, have no series; nobody's name is a label."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        registry = Registry([definition()])
        stage.follow(registry)
        made = block([comment(9, "u9", "stranger")])
        ledger.values.append((made.key(), encode_fact(made)))
        stage.assign(range(PARTITIONS))
        await until(stage, bool)
        samples = gauges_of(stage, registry, 10)
        labels = {(sample.labels["campaign"], sample.labels["influencer"]) for sample in samples}
        assert labels == {("spring", ""), ("spring", "ana")}
        values = {
            sample.name: sample.value for sample in samples if sample.labels == {"campaign": "spring", "influencer": ""}
        }
        assert values["campaign_giveaway_entries"] == 4
        assert values["campaign_giveaway_closes_timestamp_seconds"] == datetime(2026, 4, 18, 20, tzinfo=UTC).timestamp()
        few = gauges_of(stage, registry, 0)
        assert {sample.labels["influencer"] for sample in few} == {""}

    scenario(test)


def of_ours(number: int, ledger: Ledger) -> tuple[list[EntryBlock], list[Delivery]]:
    """Write one more block of one entry as this worker does; return what it is and where."""
    made = msgspec.structs.replace(block([comment(number, f"u{number}")]), first_offset=number)
    ledger.values.append((made.key(), encode_fact(made)))
    return [made], [Delivery(ENTRIES, HOME, len(ledger.values) - 1, 1)]


async def caught_up(stage: EntryStage) -> None:
    """Have the stage read what there is: a block of three entries."""
    stage.follow(Registry([definition()]))
    stage.assign(range(PARTITIONS))
    await until(stage, bool)


def test_what_the_worker_has_written_itself_is_not_read_back() -> None:
    """It counts before it is confirmed; what others write later is still read."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        fetched = ledger.fetched
        blocks, places = of_ours(7, ledger)
        own = await stage.apply_in_flight(HOME, blocks)
        assert [each.entries for each in stage.take_changed(busy=False)] == [4, 4]
        assert stage.heard() == {"spring": 3}
        await stage.settle_in_flight(own, places)
        assert (ledger.fetched, stage.heard()) == (fetched, {"spring": 4})
        of_ours(8, ledger)
        await until(stage, lambda seen: bool(seen) and seen[-1].entries == 5)
        assert (ledger.fetched, stage.heard()) == (fetched + 1, {"spring": 5})

    scenario(test)


def test_what_others_write_before_the_workers_own_is_read_and_its_own_passed_over() -> None:
    """Both count once, and of the two that are fetched only one is taken."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        fetched = ledger.fetched
        of_ours(7, ledger)
        blocks, places = of_ours(8, ledger)
        with mock.patch("agents.stages.entries.decode_fact", wraps=decode_fact) as decoded:
            own = await stage.apply_in_flight(HOME, blocks)
            await stage.settle_in_flight(own, places)
            await until(stage, lambda seen: bool(seen) and seen[-1].entries == 5 and ledger.fetched == fetched + 2)
            assert decoded.call_count == 1
        assert stage.heard() == {"spring": 5}

    scenario(test)


def test_own_blocks_of_which_nobody_says_where_they_stand_pass_over_nothing() -> None:
    """An idempotent producer's duplicate may have the offset -1: what stands at the beginning is not taken for it."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        of_ours(7, ledger)
        blocks, _ = of_ours(8, ledger)
        own = await stage.apply_in_flight(HOME, blocks)
        await stage.settle_in_flight(own, [Delivery(ENTRIES, HOME, -1, len(ledger.values) + 1)])
        await until(stage, lambda seen: bool(seen) and seen[-1].entries == 5)

    scenario(test)


def test_nothing_is_looked_for_where_the_worker_is_writing() -> None:
    """What is found there may be its own: only the other partitions are asked about until it is confirmed."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        fetched = ledger.fetched
        blocks, places = of_ours(7, ledger)
        own = await stage.apply_in_flight(HOME, blocks)
        asked = ledger.asked
        await until(stage, lambda seen: ledger.asked >= asked + 2)
        assert ledger.fetched == fetched
        await stage.settle_in_flight(own, places)
        assert ledger.fetched == fetched

    scenario(test)


def test_blocks_that_arrive_in_another_order_are_passed_over_together() -> None:
    """Several are on their way at once; what is confirmed first may stand behind what is confirmed last."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        fetched = ledger.fetched
        made = [of_ours(number, ledger) for number in (7, 8, 9)]
        own = [await stage.apply_in_flight(HOME, blocks) for blocks, _ in made]
        for number in (1, 2):
            await stage.settle_in_flight(own[number], made[number][1])
        asked = ledger.asked
        await until(stage, lambda seen: ledger.asked >= asked + 2)
        await stage.settle_in_flight(own[0], made[0][1])
        of_ours(10, ledger)
        await until(stage, lambda seen: bool(seen) and seen[-1].entries == 7)
        assert (ledger.fetched, stage.heard()) == (fetched + 1, {"spring": 7})

    scenario(test)


def test_after_own_blocks_were_given_up_others_are_looked_for_again() -> None:
    """They stand nowhere, and nothing is passed over for them."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        blocks, _ = of_ours(7, ledger)
        ledger.values.pop()
        await stage.settle_in_flight(await stage.apply_in_flight(HOME, blocks), ())
        of_ours(8, ledger)
        await until(stage, lambda seen: bool(seen) and seen[-1].entries == 5)

    scenario(test)


def test_own_blocks_do_not_stand_in_for_a_ledger_that_is_not_read() -> None:
    """Before the end was reached, and once the partition was given up on the way, they wait to be read like others."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        stage.follow(Registry([definition()]))
        blocks, places = of_ours(7, ledger)
        own = await stage.apply_in_flight(HOME, blocks)
        await stage.settle_in_flight(own, places)
        assert stage.take_changed() == []
        stage.assign(range(PARTITIONS))
        seen = await until(stage, bool)
        assert seen[0].entries == 4
        blocks, places = of_ours(8, ledger)
        own = await stage.apply_in_flight(HOME, blocks)
        stage.release()
        await stage.settle_in_flight(own, places)
        assert stage.board.giveaways["spring"].newest_ms == 0
        stage.assign({HOME})
        assert (await until(stage, bool))[0].entries == 5

    scenario(test)


def test_rules_that_change_while_the_worker_writes_have_everything_read_again() -> None:
    """What was taken under the old rules is not passed over."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        await caught_up(stage)
        of_ours(7, ledger)
        blocks, places = of_ours(8, ledger)
        own = await stage.apply_in_flight(HOME, blocks)
        stage.follow(Registry([definition(replies_count=False)]))
        await stage.settle_in_flight(own, places)
        await until(stage, lambda seen: bool(seen) and seen[-1].entries == 5)

    scenario(test)


def test_rules_that_change_elsewhere_do_not_lose_what_was_fetched() -> None:
    """A fetch is being taken when another campaign's rules change: only that campaign's ledger begins again."""

    async def test(stage: EntryStage, ledger: Ledger) -> None:
        ledger.at_once = 3
        stage.follow(Registry([definition()]))
        stage.assign(range(PARTITIONS))
        other = next(name for name in ("a", "b", "c", "d", "e") if partition_of(name, PARTITIONS) != HOME)
        put = stage.board.put

        def put_and_change(fact: EntryBlock) -> None:
            put(fact)
            stage.follow(Registry([definition(), msgspec.structs.replace(definition(), campaign_id=other)]))

        with mock.patch.object(stage.board, "put", put_and_change):
            seen = await until(stage, lambda seen: any(each.campaign_id == "spring" for each in seen))
        assert [each.entries for each in seen if each.campaign_id == "spring"] == [3, 3]

    scenario(test)
