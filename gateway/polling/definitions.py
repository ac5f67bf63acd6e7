"""The campaign definitions as a poller uses them."""

from collections.abc import Sequence

from models.campaigns import CampaignDefinition
from models.sources import SourceRules
from streams.connectors.placing import Placer


class Definitions:
    """The definitions in force, and what follows of them."""

    def __init__(self) -> None:
        self.known: list[CampaignDefinition] = []
        self.placer = Placer([])

    def set(self, definitions: Sequence[CampaignDefinition]) -> None:
        """Put definitions in force."""
        self.known = list(definitions)
        self.placer = Placer(self.known)

    def rules(self, source: str) -> SourceRules:
        """Return how a source's bodies are to be read."""
        return self.placer.rules(source)
