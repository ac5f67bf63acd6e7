"""Codes of tracked links, as definitions give them and as people type them."""

from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from models.campaigns import CampaignDefinition
from models.times import epoch_ms

_BEHIND: Final = "/.,;:!?)]}>'\"…»”’"
"""What texts put behind an address, and programs that find addresses in texts take for a part of it."""


class LinkTarget(Struct, frozen=True):
    """Whose a link is, where it leads, and when its campaign runs."""

    campaign_id: str
    influencer_id: str
    address: str
    starts_ms: int
    ends_ms: int


class TrackedLinks:
    """All links of all definitions. Immutable."""

    def __init__(self, definitions: Iterable[CampaignDefinition]) -> None:
        self._targets: dict[str, list[LinkTarget]] = {}
        self._spelt: dict[str, str] = {}
        for each in sorted(definitions, key=lambda each: each.campaign_id):
            starts_ms, ends_ms = epoch_ms(each.starts_at), epoch_ms(each.ends_at)
            for influencer in each.influencers:
                for code, address in influencer.tracked_links.items():
                    target = LinkTarget(each.campaign_id, influencer.influencer_id, address, starts_ms, ends_ms)
                    self._targets.setdefault(code, []).append(target)
                    self._spelt.setdefault(code.lower(), code)

    def find(self, code: str, now_ms: int) -> LinkTarget | None:
        """Return where a code leads now: of several campaigns the one that runs, else the one that ended last.

        A code that is none is looked up without regard to case, and without what stands behind it in a text.
        """
        for given in (code, code.rstrip(_BEHIND)):
            known = given if given in self._targets else self._spelt.get(given.lower())
            if known is not None:
                return max(
                    self._targets[known], key=lambda each: (each.starts_ms <= now_ms < each.ends_ms, each.ends_ms)
                )
        return None
