"""A giveaway as it is loaded at a moment: what a review and a draw are made of."""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec
from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.topics import COMMENTS
from streams.comparison import platform_key
from streams.events.actions import PersonDecision, PersonKey
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
    decisions: Mapping[PersonKey, PersonDecision] = msgspec.field(default_factory=dict)
    """What was decided at the desk about people; also about some who take no part."""

    def decided(self) -> Iterator[tuple[int, PersonDecision]]:
        """Yield by person hash what was decided about the people of this ledger."""
        if not self.decisions:
            return
        for number, person in self.people.items():
            found = self.decisions.get((platform_key(person.platform), person.author_id))
            if found is not None:
                yield number, found

    def entries(self) -> GiveawayEntries:
        """Return the entries under the rules, settled and exact, however many they are."""
        return settled(self.book, self.ledger.facts, _EXACT)


def loaded_giveaway(
    definition: CampaignDefinition,
    rules: GiveawayRules,
    ledger: Ledger,
    decisions: Mapping[PersonKey, PersonDecision] | None = None,
) -> GiveawayData:
    """Return a campaign's giveaway with its facts in their one order: the same data however the facts came."""
    ordered = in_order(ledger, definition.campaign_id, COMMENTS)
    people = people_of(ordered.facts)
    return GiveawayData(definition, rules, RuleBook(definition), ordered, people, decisions or {})
