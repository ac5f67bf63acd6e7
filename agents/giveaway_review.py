"""The review list: suspicious entrants of a campaign, from its ledger; and its place in Redis."""

from collections import Counter
from contextlib import closing
from typing import Any, Final

import msgspec
from msgspec import Struct
from redis import Redis
from redis.exceptions import RedisError

from agents.cli_campaigns import current_definitions
from agents.cli_common import UsageFailure
from agents.ledger_reader import Ledger, LedgerError, read_ledger
from agents.settings import Settings
from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.read_model import Keys
from models.suspicion import POLICY_ACTIONS, SUSPICION_REASONS, Suspect, SuspicionNumbers, SuspicionPolicy
from streams.entry_block import Forgotten
from streams.giveaway_entries import settled
from streams.giveaway_rules import RuleBook
from streams.giveaway_texts import handle_key
from streams.ledger_comments import Person, people_of, views_of
from streams.suspicion import suspects
from streams.suspicion_columns import columns_of
from streams.suspicion_numbers import suspicion_numbers

EXACT: Final = 1 << 40
"""A capacity that is never reached: a draw is exact at any size."""


class GiveawayData(Struct, frozen=True):
    """A campaign's giveaway as the ledger has it."""

    definition: CampaignDefinition
    rules: GiveawayRules
    book: RuleBook
    ledger: Ledger
    people: dict[int, Person]


def load_giveaway(settings: Settings, campaign_id: str) -> GiveawayData:
    """Read definition and ledger of a campaign, or end with what is missing."""
    definition = next((each for each in current_definitions(settings) if each.campaign_id == campaign_id), None)
    if definition is None:
        raise UsageFailure(f"campaign {campaign_id!r} has no definition; `campaign-pulse campaigns list` shows them")
    if definition.giveaway is None:
        raise UsageFailure(f"the definition of campaign {campaign_id!r} has no giveaway")
    try:
        return read_giveaway(settings, definition, definition.giveaway)
    except LedgerError as error:
        raise UsageFailure(str(error)) from None


def read_giveaway(settings: Settings, definition: CampaignDefinition, rules: GiveawayRules) -> GiveawayData:
    """Read the ledger of a campaign with this definition.

    Raises:
        LedgerError: it cannot be read.
    """
    ledger = read_ledger(settings, definition.campaign_id)
    return GiveawayData(definition, rules, RuleBook(definition), ledger, people_of(ledger.facts))


class Review(Struct, frozen=True):
    """The suspects of a campaign under the names people know, and how many they are, by influencer ("" for all)."""

    suspects: list[Suspect]
    numbers: dict[str, SuspicionNumbers]


def review_of(data: GiveawayData, as_of_ms: int) -> Review:
    """Look for the suspects among the entrants, under the policy in the definition."""
    # One after the other: comments in columns and entries need about the same memory.
    suspected = suspects_of(data, data.rules.suspicion)
    entries = settled(data.book, data.ledger.facts, EXACT)
    entrants = entries.chances_of_people()
    by_person = {number: suspect for number, suspect in suspected.items() if number in entrants}
    found = [public_suspect(suspect, data.people[number]) for number, suspect in by_person.items()]
    return Review(found, suspicion_numbers(by_person, entries, as_of_ms))


def suspects_of(data: GiveawayData, policy: SuspicionPolicy) -> dict[int, Suspect]:
    """Return the suspects among all who commented in time, by person hash, highest score first."""
    names = {handle_key(account) for account in policy.cleared}
    cleared = frozenset(
        str(number)
        for number, person in data.people.items()
        if person.author_id in policy.cleared or (person.handle and handle_key(person.handle) in names)
    )
    found = suspects(columns_of(views_of(data.ledger.facts, data.book)), policy, cleared)
    return {int(suspect.person): suspect for suspect in found}


def public_suspect(suspect: Suspect, person: Person) -> Suspect:
    """Return a suspect under the names people know: platform and author id, and the handle as written."""
    return msgspec.structs.replace(suspect, person=f"{person.platform}/{person.author_id}", handle=person.handle)


def redis_of(settings: Settings) -> Redis:
    """Return a client of the read model's Redis."""
    return Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=2)


def summary_of(found: list[Suspect], as_of_ms: int) -> dict[Any, Any]:
    """Return how many are suspected: in all, by action, and by reason (a suspect counts under each of theirs)."""
    actions = Counter(suspect.action for suspect in found)
    reasons = Counter(finding.reason for suspect in found for finding in suspect.findings)
    return {
        "as_of_ms": as_of_ms,
        "suspects": len(found),
        **{f"action.{action}": actions[action] for action in POLICY_ACTIONS},
        **{f"reason.{reason}": reasons[reason] for reason in SUSPICION_REASONS},
    }


def publish_review(settings: Settings, data: GiveawayData, review: Review, as_of_ms: int) -> None:
    """Replace the campaign's review list in Redis, without those who were forgotten since the ledger was read.

    Whoever forgets somebody writes that down first and then takes them off the list. So everybody whose mark is not in
    the ledger yet when it is looked at after the list was written is taken off later.

    Raises:
        UsageFailure: Redis is away.
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
        UsageFailure: Redis is away.
    """
    keys = Keys(settings.redis_prefix)
    try:
        with closing(redis_of(settings)) as redis, redis.pipeline(transaction=True) as pipe:
            names = (keys.review(campaign_id), keys.review_reasons(campaign_id), keys.review_summary(campaign_id))
            pipe.delete(*names)
            pipe.hset(keys.review_summary(campaign_id), mapping=summary_of(found, as_of_ms))
            for suspect in found:
                pipe.zadd(keys.review(campaign_id), {suspect.person: suspect.score})
                pipe.hset(keys.review_reasons(campaign_id), suspect.person, msgspec.json.encode(suspect))
            pipe.execute()
    except (RedisError, OSError) as error:
        raise UsageFailure(f"PULSE_REDIS_URL={settings.redis_url}: {error}") from None


def remove_from_review(settings: Settings, campaign_id: str, person: Person) -> None:
    """Take one person off the campaign's review list in Redis.

    Raises:
        UsageFailure: Redis is away.
    """
    keys = Keys(settings.redis_prefix)
    member = f"{person.platform}/{person.author_id}"
    try:
        with closing(redis_of(settings)) as redis, redis.pipeline(transaction=True) as pipe:
            pipe.zrem(keys.review(campaign_id), member)
            pipe.hdel(keys.review_reasons(campaign_id), member)
            pipe.execute()
    except (RedisError, OSError) as error:
        raise UsageFailure(f"PULSE_REDIS_URL={settings.redis_url}: {error}") from None
