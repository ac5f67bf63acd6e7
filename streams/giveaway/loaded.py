"""A giveaway as it is loaded at a moment: what a review and a draw are made of."""

from typing import Final

from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from streams.giveaway.entries import GiveawayEntries, settled
from streams.giveaway.rules import RuleBook
from streams.ledger.compaction import Ledger
from streams.ledger.people import Person

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
