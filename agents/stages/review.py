"""The review list: suspicious entrants of a campaign, from its ledger; and its place in Redis."""

from collections.abc import Callable
from contextlib import closing

import msgspec

from agents.read_model.batch import Command, execute_blocking
from agents.read_model.connection import REDIS_ERRORS, BlockingRedis, blocking_client
from agents.read_model.refusals import described
from agents.secrets import masked
from agents.settings import Settings
from agents.stages.actions import read_actions
from agents.stages.definitions import current_definitions
from agents.stages.ledger_reader import read_ledger
from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.read_model import Keys
from models.suspicion import Suspect
from streams.giveaway.loaded import GiveawayData, loaded_giveaway
from streams.giveaway.rules import RuleBook
from streams.ledger.marks import Forgotten
from streams.ledger.people import Person, people_of
from streams.suspicion.review import Review, summary_of


class ReviewError(RuntimeError):
    """A giveaway that cannot be reviewed, or a list that cannot be written; one line, for users."""


def load_giveaway(settings: Settings, campaign_id: str, on_bad: Callable[[bytes | None, str], None]) -> GiveawayData:
    """Read definition and ledger of a campaign; ``on_bad`` as ``current_definitions`` has it.

    Raises:
        ReviewError: the campaign has no definition, or that no giveaway.
        DefinitionsError: definitions cannot be read.
        LedgerError: the ledger cannot be read.
        ActionsError: what was decided at the desk cannot be read.
    """
    definitions = current_definitions(settings, on_bad)
    definition = next((each for each in definitions if each.campaign_id == campaign_id), None)
    if definition is None:
        raise ReviewError(f"campaign {campaign_id!r} has no definition; `campaign-pulse campaigns list` shows them")
    if definition.giveaway is None:
        raise ReviewError(f"the definition of campaign {campaign_id!r} has no giveaway")
    decisions = read_actions(settings, on_bad).decisions(campaign_id)
    return loaded_giveaway(definition, definition.giveaway, read_ledger(settings, campaign_id), decisions)


def read_giveaway(settings: Settings, definition: CampaignDefinition, rules: GiveawayRules) -> GiveawayData:
    """Read the ledger of a campaign with this definition, and what was decided at its desk.

    Raises:
        LedgerError: it cannot be read.
        ActionsError: what was decided cannot be read.
    """
    # What is no action, whoever follows the topic has set aside already.
    decisions = read_actions(settings, lambda key, problem: None).decisions(definition.campaign_id)
    ledger = read_ledger(settings, definition.campaign_id)
    return GiveawayData(definition, rules, RuleBook(definition), ledger, people_of(ledger.facts), decisions)


def redis_of(settings: Settings) -> BlockingRedis:
    """Return a client of the read model's Redis.

    Raises:
        RedisError: no node of a cluster answers.
        RedisClusterException: the same.
    """
    return blocking_client(settings.redis_url)


def publish_review(settings: Settings, data: GiveawayData, review: Review, as_of_ms: int) -> None:
    """Replace the campaign's review list in Redis, without those who were forgotten since the ledger was read.

    Whoever forgets somebody writes that down first and then takes them off the list. So everybody whose mark is not in
    the ledger yet when it is looked at after the list was written is taken off later.

    Raises:
        ReviewError: Redis is away.
        LedgerError: what came since cannot be read.
    """
    campaign_id = data.definition.campaign_id
    write_review(settings, campaign_id, review.suspects, as_of_ms)
    for fact in read_ledger(settings, campaign_id, data.ledger.offsets).facts:
        person = data.people.get(fact.person) if isinstance(fact, Forgotten) else None
        if person is not None:
            remove_from_review(settings, campaign_id, person)


def write_review(settings: Settings, campaign_id: str, found: list[Suspect], as_of_ms: int) -> None:
    """Replace the campaign's review list in Redis.

    Raises:
        ReviewError: Redis is away.
    """
    keys = Keys(settings.redis_prefix)
    order, reasons, summary = (
        keys.review(campaign_id),
        keys.review_reasons(campaign_id),
        keys.review_summary(campaign_id),
    )
    commands: list[Command] = [("DEL", key) for key in (order, reasons, summary)]
    commands.append(("HSET", summary, *(each for pair in summary_of(found, as_of_ms).items() for each in pair)))
    for suspect in found:
        commands.append(("ZADD", order, suspect.score, suspect.person))
        commands.append(("HSET", reasons, suspect.person, msgspec.json.encode(suspect)))
    _write(settings, commands)


def remove_from_review(settings: Settings, campaign_id: str, person: Person) -> None:
    """Take one person off the campaign's review list in Redis.

    Raises:
        ReviewError: Redis is away.
    """
    keys = Keys(settings.redis_prefix)
    member = f"{person.platform}/{person.author_id}"
    _write(
        settings,
        [("ZREM", keys.review(campaign_id), member), ("HDEL", keys.review_reasons(campaign_id), member)],
    )


def _write(settings: Settings, commands: list[Command]) -> None:
    try:
        with closing(redis_of(settings)) as redis:
            execute_blocking(redis, commands)
    except REDIS_ERRORS as error:
        raise ReviewError(
            f"PULSE_REDIS_URL={masked(settings.redis_url)}: Redis {described(error, settings.redis_url)}"
        ) from None
