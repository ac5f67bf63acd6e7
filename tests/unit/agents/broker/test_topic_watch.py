"""What a worker does about topics that change under it, with a broker that says what the test wants."""

import asyncio
from collections.abc import Mapping

from agents.broker.topic_admin import TopicError, TopicLook
from agents.broker.topic_drift import TopicDrift
from agents.broker.topic_watch import TopicGone, TopicWatch
from models.topics import COMMENTS, CONVERSIONS, INPUT_TOPICS, POSTS, ROLLUPS

COUNTS = {**dict.fromkeys(INPUT_TOPICS, 4), ROLLUPS: 4}
SAME = {topic: TopicLook(4, f"id of {topic}") for topic in COUNTS}
LOSS = TopicDrift("changelog", "cleanup.policy", "delete", "compact", "set it", loses=True)
ROOM = TopicDrift(POSTS, "retention.ms", "1", "2", "set it", loses=False)


class Watched:
    """A watch over looks that are given, and what it has done."""

    def __init__(self, *looks: Mapping[str, TopicLook] | TopicError, settings: list[TopicDrift] | None = None) -> None:
        self._looks = list(looks)
        self.asked_settings = 0
        self.rejoined = 0
        self.crashes: list[BaseException] = []
        self._settings = settings or []
        known = {topic: SAME[topic].topic_id for topic in INPUT_TOPICS}
        self.watch = TopicWatch(
            COUNTS, self._look, self._drifts, lambda: known, self._rejoin, self._crash, look_seconds=0.001
        )

    def _look(self) -> Mapping[str, TopicLook]:
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, TopicError):
            raise look
        return look

    def _drifts(self) -> list[TopicDrift]:
        self.asked_settings += 1
        return self._settings

    def _rejoin(self) -> None:
        self.rejoined += 1

    async def _crash(self, reason: BaseException) -> None:
        self.crashes.append(reason)

    def run(self, looks: int = 1) -> "Watched":
        """Let it look so many times."""

        async def watched() -> None:
            await self.watch.start()
            while self.watch.looks < looks:  # noqa: ASYNC110  # the watch tells nobody when it has looked
                await asyncio.sleep(0.001)
            await self.watch.stop()

        asyncio.run(asyncio.wait_for(watched(), 30))
        return self


def test_nothing_is_said_while_nothing_changes() -> None:
    """The same topics: no symptom, no rejoin; settings are asked for once in six looks."""
    watched = Watched(SAME).run(looks=12)
    assert (watched.watch.symptoms(), watched.rejoined, watched.crashes) == ([], 0, [])
    assert watched.asked_settings in (2, 3)


def test_added_partitions_are_a_symptom_until_they_are_gone() -> None:
    """With both counts; only of inputs, for only they are read by number."""
    wider = {**SAME, COMMENTS: TopicLook(6, SAME[COMMENTS].topic_id), ROLLUPS: TopicLook(9, "")}
    watched = Watched(wider).run()
    assert watched.watch.symptoms() == [f"{COMMENTS} has partitions 6, wanted 4"]
    assert Watched(wider, SAME).run(looks=2).watch.symptoms() == []


def test_a_deleted_topic_ends_the_worker_with_its_name() -> None:
    """Any of ours, and what comes next."""
    without = {topic: look for topic, look in SAME.items() if topic != ROLLUPS}
    assert Watched(without, SAME).run(looks=3).crashes == [], "a node that has just started may not know it yet"
    watched = Watched(without).run(looks=2)
    assert isinstance(watched.crashes[0], TopicGone)
    assert ROLLUPS in str(watched.crashes[0])


def test_a_topic_with_fewer_partitions_ends_the_worker_with_both_counts() -> None:
    """What is sent to those that are gone would be waited for until the flush is given up, without a word of why."""
    fewer = {**SAME, ROLLUPS: TopicLook(2, "another")}
    assert Watched(fewer, SAME).run(looks=3).crashes == [], "an answer of a node that has just started"
    watched = Watched(fewer).run(looks=2)
    assert isinstance(watched.crashes[0], TopicGone)
    assert f"fewer partitions while the worker ran: {ROLLUPS} has 2 of 4" in str(watched.crashes[0])


def test_a_topic_made_anew_has_its_partitions_taken_again() -> None:
    """By its id; the assignment then compares the logs."""
    assert Watched({**SAME, CONVERSIONS: TopicLook(4, "another")}).run().rejoined >= 1


def test_settings_that_lose_numbers_are_symptoms_and_others_only_shown() -> None:
    """Both are shown by the metric."""
    watched = Watched(SAME, settings=[LOSS, ROOM]).run()
    assert watched.watch.symptoms() == ["changelog has cleanup.policy delete, wanted compact"]
    assert watched.watch.drifts == [LOSS, ROOM]


def test_a_broker_that_is_away_is_not_a_deleted_topic() -> None:
    """It is looked at again."""
    watched = Watched(TopicError("no broker answers"), SAME).run()
    assert (watched.crashes, watched.watch.symptoms()) == ([], [])
