"""Follows the comments while somebody watches a campaign, and knows which words made its mood in the last hour.

Reading takes a small part of the time: what is much is read later, and what lies too far behind is passed over. Nothing
of it is kept anywhere: people are numbers of this process, words are those of the lexicon.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from agents.broker.dead_letter_log import open_consumer, partitions_of
from agents.connection.kafka import KafkaConnection
from models.campaigns import CampaignDefinition
from models.events import CommentCreated
from models.times import HOUR_MS, epoch_ms
from models.topics import COMMENTS
from streams.duty_cycle import DutyCycle
from streams.sentiment.mood_words import MoodWords, SaidWords, words_behind
from streams.sentiment.social import SocialScorer, load_social_scorer

log: Final = logging.getLogger("campaign_pulse")
_LOOK_SECONDS: Final = 1.0
_KEPT_SECONDS: Final = 300.0
"""After the last watcher: whoever loads the page anew finds the words still there."""
_AGAIN_SECONDS: Final = 5.0
_POLL_MS: Final = 500
_AT_ONCE: Final = 100
_MOST_BEHIND: Final = 20_000
"""Comments of a partition that are read of the past, and made up for."""
_PAUSE_SHARE: Final = 9.0
"""Reading takes a tenth of the time at most."""
_decode: Final = msgspec.json.Decoder(CommentCreated).decode


class WordFeed:
    """The words of all campaigns.

    Args:
        connection: how Kafka is reached.
        now_ms: the clock.
        definitions: returns those in force.
        is_watched: returns whether somebody watches.
    """

    def __init__(
        self,
        connection: KafkaConnection,
        now_ms: Callable[[], int],
        definitions: Callable[[], Mapping[str, CampaignDefinition]],
        is_watched: Callable[[], bool],
    ) -> None:
        self._connection = connection
        self._now_ms = now_ms
        self._definitions = definitions
        self._is_watched = is_watched
        self._said = SaidWords()
        self._scorer: SocialScorer | None = None
        self._duty = DutyCycle(_PAUSE_SHARE)

    def told(self, campaign_id: str) -> MoodWords:
        """Return the words of a campaign."""
        return self._said.told(campaign_id, self._now_ms())

    async def run(self) -> None:
        """Follow while somebody watches; ends when it is cancelled, or when the comments may not be read."""
        while True:
            while not self._is_watched():  # noqa: ASYNC110  # a count that many change
                await asyncio.sleep(_LOOK_SECONDS)
            try:
                async with open_consumer(self._connection) as consumer:
                    await self._follow(consumer)
            except TopicAuthorizationFailedError:
                log.warning("words: the right READ on %s is missing: pages show no words behind the mood", COMMENTS)
                return
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("words: %s: %s; trying again", type(error).__name__, error)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _follow(self, consumer: AIOKafkaConsumer) -> None:
        tps = await partitions_of(consumer, COMMENTS)
        if not tps:
            await asyncio.sleep(_AGAIN_SECONDS)
            return
        await self._begin(consumer, tps)
        watched_at = time.monotonic()
        while time.monotonic() - watched_at < _KEPT_SECONDS:
            if self._is_watched():
                watched_at = time.monotonic()
            fetched = await consumer.getmany(*tps, timeout_ms=_POLL_MS, max_records=_AT_ONCE)
            began = time.thread_time()
            self.take(record.value for records in fetched.values() for record in records)
            self._said.forget_before(self._now_ms())
            now = time.monotonic()
            self._duty.ended(time.thread_time() - began, now)
            for tp in fetched:
                if (consumer.highwater(tp) or 0) - await consumer.position(tp) > 2 * _MOST_BEHIND:
                    consumer.seek(tp, consumer.highwater(tp) - _MOST_BEHIND)
            await asyncio.sleep(max(0.0, self._duty.due_at - now))
        # Whoever comes later finds what is read anew.
        self._said = SaidWords()

    async def _begin(self, consumer: AIOKafkaConsumer, tps: list[TopicPartition]) -> None:
        """Begin an hour back, or nearer where that is much."""
        consumer.assign(tps)
        since = await consumer.offsets_for_times(dict.fromkeys(tps, max(0, self._now_ms() - HOUR_MS)))
        ends = await consumer.end_offsets(tps)
        for tp in tps:
            found = since.get(tp)
            consumer.seek(tp, ends[tp] if found is None else max(found.offset, ends[tp] - _MOST_BEHIND))

    def take(self, values: Iterable[Any]) -> None:
        """Take events in; what is no comment is passed over."""
        if self._scorer is None:
            self._scorer = load_social_scorer()
        definitions = self._definitions()
        for value in values:
            try:
                comment = _decode(value or b"")
                at_ms = epoch_ms(comment.occurred_at)
            except (msgspec.DecodeError, UnicodeDecodeError, OverflowError):
                continue  # workers make dead letters of what is no event
            definition = definitions.get(comment.campaign_id)
            if definition is None:
                continue
            words = words_behind(self._scorer, comment.text, definition.sentiment_terms)
            if words:
                self._said.add(definition.campaign_id, hash(comment.author_id), at_ms, words)
