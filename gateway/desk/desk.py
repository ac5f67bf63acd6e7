"""What the desk knows and does: the actions so far, and one more, which counts once Kafka has it."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from aiokafka.errors import KafkaError

from agents.settings import Settings
from agents.stages.actions import ActionFeed, ActionsError
from gateway.desk.letters import Letters, LettersError
from gateway.desk.people import People
from gateway.desk.sessions import Sessions
from gateway.problems import Refused
from gateway.publisher import NotConfirmedError, Publisher, Record
from models.actions import (
    Action,
    ActionKind,
    LettersTarget,
    Target,
    action_id_of,
    encode_record,
    record_key,
)
from models.deadletters import Reason
from models.read_keys import ReadKey
from models.topics import ACTIONS
from streams.columns.formats import PoisonedRecord
from streams.events.actions import ActionBook

log: Final = logging.getLogger("campaign_pulse")
_LOOK_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 1.0
_AGAIN_MOST_SECONDS: Final = 60.0
"""A gateway without the rights for a desk, or a topic that nobody has made, is no reason to ask all the time."""


class Desk:
    """The desk of all campaigns in one gateway.

    Args:
        settings: of the process.
        publisher: sends actions.
        now_ms: the wall clock: an hour of silence is an hour, also where ``PULSE_CLOCK`` stands still.
    """

    def __init__(self, settings: Settings, publisher: Publisher, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._publisher = publisher
        self.now_ms = now_ms
        self.book = ActionBook()
        self.sessions = Sessions()
        self.letters = Letters(settings.kafka_connection)
        self.people = People(settings)
        self.is_ready = False
        """Whether the actions are read to their end."""
        self._why_not = "the actions are not read to their end yet"
        self._feed: ActionFeed | None = None

    async def follow(self) -> None:
        """Follow the actions, and begin again when that ends; what this gateway receives does not wait for it."""
        told, wait = "", _AGAIN_SECONDS
        while True:
            feed = ActionFeed(self._settings.kafka_connection, self.book.take, _poisoned)
            try:
                await feed.start()
                self._feed, self.is_ready, wait = feed, True, _AGAIN_SECONDS
                while not feed.crashed:  # noqa: ASYNC110  # mode tells nobody
                    await asyncio.sleep(_LOOK_SECONDS)
                self._why_not = f"the actions are not followed any more: {feed.crash_reason!r}"
            except (KafkaError, ActionsError, OSError, TimeoutError) as error:
                self._why_not = f"{type(error).__name__}: {error}"
            self._feed, self.is_ready = None, False
            with suppress(KafkaError, OSError):
                await feed.stop()
            if self._why_not != told:
                told = self._why_not
                log.warning("gateway: no desk: %s; trying again", told)
            await asyncio.sleep(wait)
            wait = min(2 * wait, _AGAIN_MOST_SECONDS)

    async def stop(self) -> None:
        """Disconnect."""
        await self.letters.stop()
        if self._feed is not None:
            await self._feed.stop()

    def check_ready(self) -> None:
        """Check that the actions are known.

        Raises:
            Refused: they are not.
        """
        if not self.is_ready:
            raise Refused(503, "no_desk", f"the desk is not open yet: {self._why_not}")

    async def redrive(self, campaign_id: str, reason: Reason, note: str, key: ReadKey, request: str) -> Action:
        """Have the dead letters that are there now sent again; see ``act``.

        Raises:
            Refused: as ``act``, or they cannot be looked at.
        """
        self.check_ready()
        known = self.book.action(campaign_id, action_id_of(campaign_id, key.digest, request))
        if known is not None and isinstance(known.target, LettersTarget):
            before = known.target.before
        else:
            try:
                before = (await self.letters.look(campaign_id)).before
            except LettersError as error:
                raise Refused(503, "no_letters", str(error)) from None
        return await self.act(campaign_id, "redrive", LettersTarget(reason=reason, before=before), note, key, request)

    async def act(
        self, campaign_id: str, kind: ActionKind, target: Target, note: str, key: ReadKey, request: str
    ) -> Action:
        """Decide something; it is an action once Kafka has it. The same request of the same key is the same action.

        Args:
            campaign_id: of which campaign.
            kind: what is done.
            target: about whom or what.
            note: why.
            key: with which key.
            request: what tells this request from others of the key: a form sent twice has the same.

        Raises:
            Refused: Kafka has not confirmed it, or the request was made before, for something else.
        """
        self.check_ready()
        action_id = action_id_of(campaign_id, key.digest, request)
        known = self.book.action(campaign_id, action_id)
        if known is not None:
            if (known.kind, known.target, known.note) != (kind, target, note):
                raise Refused(409, "request_used", f"this request was made before, for {known.kind}")
            return known
        action = Action(
            action_id=action_id,
            campaign_id=campaign_id,
            kind=kind,
            # Behind whatever this gateway knows: who decides anew, has seen what was decided before.
            at_ms=max(self.now_ms(), self.book.newest_ms(campaign_id) + 1),
            actor=key.name,
            target=target,
            note=note,
        )
        record = Record(ACTIONS, record_key(action), encode_record(action))
        try:
            await self._publisher.publish([record])
        except NotConfirmedError as error:
            raise Refused(
                503, "not_confirmed", f"{error}; ask again with the same request: it is the same action then"
            ) from None
        self.book.take(record_key(action), action)
        return action


def _poisoned(record: Any, problem: PoisonedRecord) -> None:
    # A worker sets it aside.
    log.warning("gateway: passed over in the actions: %s", problem)
