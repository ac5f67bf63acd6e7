"""One redrive that was decided at a desk, in a process of its own, for the worker that owns the campaign.

``python -m agents.stages.redrive_pass`` reads a request from its standard input (one line of JSON), sends the letters
that the action means as ``campaign-pulse dead-letters redrive`` does (``agents/broker/redriving.py``: each once,
whoever is killed when), and writes the outcome behind the action. It may be carried out again: the letters are those
before the offsets in the action, and the outcome's numbers are absolute. It ends with its worker.
"""

import asyncio
import logging
import sys
from typing import Any, Final

import msgspec
from aiokafka.errors import KafkaError
from msgspec import Struct

from agents.broker.dead_letter_log import (
    DeadLetterLogError,
    PlacedLetter,
    Survey,
    campaign_of,
    open_consumer,
    read_on,
)
from agents.broker.producers import NotAuthorisedError, start_producer
from agents.broker.redrive_run import RedriveError, RedriveReport
from agents.broker.redriving import redrive
from agents.clock import wall_clock
from agents.settings import Settings
from agents.stages.child_pass import end_with_parent, offer_oneself
from models.actions import Action, ActionOutcome, LettersTarget, encode_record, record_key
from models.topics import ACTIONS

log: Final = logging.getLogger("campaign_pulse")


class RedriveRequest(Struct, frozen=True):
    """What the worker asks for: its settings, and the action."""

    settings: dict[str, Any]
    action: Action


def main() -> int:
    """Serve the request; return 0, or 1 when it has to be tried again."""
    offer_oneself()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)-7s %(name)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    request = msgspec.json.decode(sys.stdin.buffer.readline(), type=RedriveRequest)
    end_with_parent()
    action = request.action
    try:
        asyncio.run(carry_out(Settings(**request.settings), action))
    except (RedriveError, DeadLetterLogError, NotAuthorisedError, KafkaError, TimeoutError, OSError) as error:
        log.warning("redrive %s of %s: %s: %s", action.action_id, action.campaign_id, type(error).__name__, error)
        return 1
    return 0


async def carry_out(settings: Settings, action: Action) -> None:
    """Send the letters that the action means, and write down what became of them.

    Raises:
        RedriveError: another redrive is at work on them, or the broker did not confirm in time.
        DeadLetterLogError: the dead letters cannot be read.
        KafkaError: a broker refused or is away.
        TimeoutError: a broker does not answer.
    """
    target, connection = action.target, settings.kafka_connection
    if not isinstance(target, LettersTarget):
        raise TypeError(f"{action.kind} is no redrive")
    survey = Survey()

    def is_meant(placed: PlacedLetter) -> bool:
        return is_letter_of(action.campaign_id, target, placed)

    async with open_consumer(connection) as consumer:
        await read_on(consumer, connection, survey, is_meant)
    places = [each for each in survey.places if not each.hindrance and each.identity not in survey.redrives.done]
    if places or survey.redrives.begun:
        await redrive(
            connection,
            places,
            survey,
            now_ms=wall_clock,
            say=lambda text: log.warning("redrive %s: %s", action.action_id, text),
            report=RedriveReport(),
        )
    outcome = outcome_of(action, survey, wall_clock())
    producer = await start_producer(connection)
    try:
        await producer.send_and_wait(ACTIONS, encode_record(outcome), key=record_key(outcome), partition=0)
    finally:
        await producer.stop()


def is_letter_of(campaign_id: str, target: LettersTarget, placed: PlacedLetter) -> bool:
    """Return whether a redrive means a dead letter."""
    return (
        placed.letter.reason == target.reason
        and placed.offset < target.before.get(str(placed.partition), 0)
        and campaign_of(placed.letter.value) == campaign_id
    )


def outcome_of(action: Action, survey: Survey, at_ms: int) -> ActionOutcome:
    """Return what has become of the letters of a survey that took in those of the action alone."""
    redriven = sum(each.identity in survey.redrives.done for each in survey.places)
    hindered = sum(bool(each.hindrance) for each in survey.places)
    return ActionOutcome(
        action_id=action.action_id,
        campaign_id=action.campaign_id,
        at_ms=at_ms,
        letters=len(survey.places),
        redriven=redriven,
        hindered=hindered,
        open=len(survey.places) - redriven - hindered,
    )


if __name__ == "__main__":
    sys.exit(main())
