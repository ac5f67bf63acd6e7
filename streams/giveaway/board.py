"""The giveaways of the campaigns whose ledgers this process reads."""

from collections.abc import Iterable, Mapping

import msgspec

from models.campaigns import CampaignDefinition
from models.rollups import GiveawayRollup
from models.suspicion import SuspicionNumbers
from streams.columns.keyed_hashes import UNKNOWN_KEY
from streams.events.registry import Registry
from streams.giveaway.entries import CAPACITY, PANE_MS, GiveawayEntries
from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.marks import Forgotten


class GiveawayBoard:
    """The entries of each campaign with a giveaway, under the rules in force.

    Args:
        capacity: people a campaign up to whom numbers are exact.
        key: a secret of this process, by which comments and people are told apart that have one hash.
    """

    def __init__(self, capacity: int = CAPACITY, key: bytes = UNKNOWN_KEY) -> None:
        self._key = key
        self.giveaways: dict[str, GiveawayEntries] = {}
        self._capacity = capacity
        self._definitions: dict[str, CampaignDefinition] = {}
        self._shown: dict[tuple[str, str], GiveawayRollup] = {}
        self._suspicion: dict[str, Mapping[str, SuspicionNumbers]] = {}

    def follow(self, registry: Registry) -> set[str]:
        """Use these definitions from now on; return the campaigns whose facts must be put again from the beginning."""
        again = set()
        wanted = {campaign_id: registry.campaigns[campaign_id].definition for campaign_id in registry.giveaways}
        for campaign_id in self._definitions.keys() - wanted.keys():
            self._drop(campaign_id)
        for campaign_id, definition in wanted.items():
            if not self._is_judged_alike(campaign_id, definition):
                self._drop(campaign_id)
                self.giveaways[campaign_id] = self._entries(RuleBook(definition))
                again.add(campaign_id)
            self._definitions[campaign_id] = definition
        return again

    def _is_judged_alike(self, campaign_id: str, definition: CampaignDefinition) -> bool:
        known = self._definitions.get(campaign_id)
        return known is not None and (known.giveaway, known.influencers) == (
            definition.giveaway,
            definition.influencers,
        )

    def _drop(self, campaign_id: str) -> None:
        self._definitions.pop(campaign_id, None)
        self.giveaways.pop(campaign_id, None)
        self._suspicion.pop(campaign_id, None)
        self._shown = {key: shown for key, shown in self._shown.items() if key[0] != campaign_id}

    def begin_again(self, campaign_ids: Iterable[str]) -> None:
        """Forget all facts of these campaigns: they will be put from the beginning."""
        for campaign_id in set(campaign_ids) & self.giveaways.keys():
            self.giveaways[campaign_id] = self._entries(self.giveaways[campaign_id].book)
            self._suspicion.pop(campaign_id, None)

    def _entries(self, book: RuleBook) -> GiveawayEntries:
        return GiveawayEntries(book, self._capacity, key=self._key)

    def put(self, fact: EntryBlock | Forgotten) -> None:
        """Take one record of the ledger; those of campaigns without a giveaway are nothing to us."""
        giveaway = self.giveaways.get(fact.campaign_id)
        if giveaway is not None:
            giveaway.put(fact)

    def put_suspicion(self, campaign_id: str, numbers: Mapping[str, SuspicionNumbers]) -> None:
        """Show these numbers of suspects from now on: by influencer, the campaign's under ""."""
        if campaign_id in self.giveaways:
            self._suspicion[campaign_id] = numbers

    def settle(self) -> None:
        """Decide about everything that was put."""
        for giveaway in self.giveaways.values():
            giveaway.settle()

    def rollups(self, campaign_id: str, as_of_ms: int) -> list[GiveawayRollup]:
        """Return all numbers of one campaign, the campaign's own first."""
        giveaway = self.giveaways[campaign_id]
        giveaway.settle()
        rollups = giveaway.rollups(campaign_id, as_of_ms)
        numbers = self._suspicion.get(campaign_id)
        if numbers is None:
            return rollups
        nobody = SuspicionNumbers(as_of_ms=numbers[""].as_of_ms)
        return [
            msgspec.structs.replace(rollup, suspicion=numbers.get(rollup.influencer_id, nobody)) for rollup in rollups
        ]

    def take_changed(self, campaign_ids: Iterable[str], as_of_ms: int) -> list[GiveawayRollup]:
        """Return the numbers that changed since last asked; the campaign's own also every five seconds."""
        changed = []
        for campaign_id in sorted(set(campaign_ids) & self.giveaways.keys()):
            for rollup in self.rollups(campaign_id, as_of_ms):
                key = (campaign_id, rollup.influencer_id)
                known = self._shown.get(key)
                if known is None or _numbers(known) != _numbers(rollup):
                    self._shown[key] = rollup
                    changed.append(rollup)
        return changed

    def shown(self) -> list[GiveawayRollup]:
        """Return the numbers as they were last given out."""
        return list(self._shown.values())

    def touch(self, campaign_id: str, influencer_id: str) -> None:
        """Have the numbers of one influencer given out again; those of the campaign under ""."""
        self._shown.pop((campaign_id, influencer_id), None)

    def touch_all(self) -> None:
        """Have every number given out again."""
        self._shown.clear()


def _numbers(rollup: GiveawayRollup) -> tuple[object, ...]:
    """Return what makes a rollup worth giving out again: its numbers, and the time for the campaign's own."""
    fields = [getattr(rollup, name) for name in rollup.__struct_fields__ if name not in ("as_of_ms", "time_left_ms")]
    return (*fields, rollup.as_of_ms // PANE_MS if not rollup.influencer_id else 0)
