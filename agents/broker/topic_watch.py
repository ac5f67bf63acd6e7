"""Looks at the topics now and then while a worker runs: gone, made anew, given more partitions, or set otherwise."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Set
from typing import Any, Final

from mode import Service

from agents.broker.topic_admin import TopicError, TopicLook
from agents.broker.topic_drift import TopicDrift, partitions_drift
from models.topics import INPUT_TOPICS

log: Final = logging.getLogger("campaign_pulse")
LOOK_SECONDS: Final = 10.0
_AGAIN_SECONDS: Final = 1.0
"""A topic is gone, or narrower, when it is so twice: a node that has just started may not know all of it yet."""
CONFIG_LOOKS: Final = 6
"""Settings of topics are asked for with every so many looks."""


class TopicGone(RuntimeError):  # noqa: N818  # what happened to a topic
    """A topic was deleted, or made anew with less, while the worker ran; the message is for the operator."""


class TopicWatch(Service):
    """Compares what the broker has with what the worker was started with.

    Args:
        partitions: how many each topic had at the start.
        look: asks the broker for the topics; it may block.
        drifts: asks the broker for the topics' settings and compares them; it may block.
        known_ids: the ids of the inputs as the state has them; a topic that is absent is not counted yet.
        rejoin: has the partitions given back and taken again, so that their logs are looked at.
        crash: ends the worker for a reason.
        look_seconds: how often.
    """

    def __init__(
        self,
        partitions: Mapping[str, int],
        look: Callable[[], Mapping[str, TopicLook]],
        drifts: Callable[[], list[TopicDrift]],
        known_ids: Callable[[], Mapping[str, str]],
        rejoin: Callable[[], None],
        crash: Callable[[BaseException], Any],
        look_seconds: float = LOOK_SECONDS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._partitions = partitions
        self._look = look
        self._drifts = drifts
        self._known_ids = known_ids
        self._rejoin = rejoin
        self._end_worker = crash
        self._look_seconds = look_seconds
        self.looks = 0
        """How many times the broker has answered."""
        self.drifts: list[TopicDrift] = []
        """What differs now, settings as of the last time that they were asked for."""
        self._missing: Set[str] = frozenset()
        self._narrow: Set[str] = frozenset()
        self._widened: list[TopicDrift] = []
        self._set_otherwise: list[TopicDrift] = []

    def symptoms(self) -> list[str]:
        """Return what costs numbers while it is so: the worker is not ready meanwhile."""
        return [drift.text for drift in self.drifts if drift.loses]

    @Service.task
    async def _watch(self) -> None:
        while not self.should_stop:
            try:
                found = await asyncio.to_thread(self._look)
                if self.looks % CONFIG_LOOKS == 0:
                    self._set_otherwise = await asyncio.to_thread(self._drifts)
            except TopicError as error:
                log.debug("topics not looked at: %s", error)  # the broker is away: others say so
            else:
                await self._compare(found)
                self.looks += 1
            unsure = self._missing or self._narrow
            await self.sleep(min(self._look_seconds, _AGAIN_SECONDS) if unsure else self._look_seconds)

    async def _compare(self, found: Mapping[str, TopicLook]) -> None:
        missing, self._missing = self._missing, self._partitions.keys() - found.keys()
        gone = sorted(self._missing & missing)
        if gone:
            await self._end(
                TopicGone(
                    f"deleted while the worker ran: {', '.join(gone)}. The next start makes them anew, with the right "
                    "number of partitions, and goes on by event id; what was not read yet is gone"
                )
            )
        if self._missing:
            return
        narrow = {
            topic
            for topic, look in found.items()
            if topic in self._partitions and look.partitions < self._partitions[topic]
        }
        narrowed, self._narrow = sorted(narrow & self._narrow), narrow
        if narrowed:
            counts = ", ".join(f"{each} has {found[each].partitions} of {self._partitions[each]}" for each in narrowed)
            await self._end(
                TopicGone(
                    f"made anew with fewer partitions while the worker ran: {counts}. The next start goes on with "
                    "them, or says why it cannot"
                )
            )
        self._widened = [
            partitions_drift(topic, look.partitions, self._partitions[topic])
            for topic, look in sorted(found.items())
            if look.partitions > self._partitions[topic] and topic in INPUT_TOPICS
        ]
        before = {drift.text for drift in self.drifts}
        self.drifts = [*self._widened, *self._set_otherwise]
        for drift in self.drifts:
            if drift.text not in before:
                log.error("topics: %s; %s", drift.text, drift.way_out)
        known = self._known_ids()
        anew = [topic for topic in INPUT_TOPICS if topic in known and found[topic].topic_id != known[topic]]
        if anew:
            log.warning("made anew while the worker runs: %s; its partitions are taken again", ", ".join(anew))
            self._rejoin()

    async def _end(self, reason: TopicGone) -> None:
        log.critical("worker ends: %s", reason)
        await self._end_worker(reason)
