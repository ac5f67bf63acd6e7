"""A giveaway as it is loaded at a moment: what a review and a draw are made of."""

from typing import Final

from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.topics import COMMENTS
from streams.giveaway.entries import GiveawayEntries, settled
from streams.giveaway.rules import RuleBook
from streams.ledger.compaction import Ledger
from streams.ledger.fact_set import in_order
from streams.ledger.people import Person, people_of

_EXACT: Final = 1 << 40
"""A capacity that is never reached: a draw is exact at any size."""


class GiveawayData(Struct, frozen=True):
    """A campaign's giveaway as the ledger has it."""

    definition: CampaignDefinition
    rules: GiveawayRules
    book: RuleBook
    ledger: Ledger
    people: dict[int, Person]

    def entries(self) -> GiveawayEntries:
        """Return the entries under the rules, settled and exact, however many they are."""
        return settled(self.book, self.ledger.facts, _EXACT)


def loaded_giveaway(definition: CampaignDefinition, rules: GiveawayRules, ledger: Ledger) -> GiveawayData:
    """Return a campaign's giveaway with its facts in their one order: the same data however the facts came."""
    ordered = in_order(ledger, definition.campaign_id, COMMENTS)
    return GiveawayData(definition, rules, RuleBook(definition), ordered, people_of(ordered.facts))
