"""Whose conversion is it? The simulator's own answer, written from docs/statistics.md and not from ``streams``."""

from agents.simulator.faults import Fields
from models.campaigns import CampaignDefinition

UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_NOTHING = ("", "none")


class TruthAttribution:
    """The codes, click ids and links of one campaign, indexed for its ground truth."""

    def __init__(self, definition: CampaignDefinition) -> None:
        """Index ``definition``; of two equal links the first one counts."""
        self._codes: dict[str, str] = {}
        self._clicks: dict[str, str] = {}
        self._prefixes: dict[str, str] = {}
        self._links: dict[frozenset[tuple[str, str]], tuple[int, str]] = {}
        self._shapes: set[tuple[str, ...]] = set()
        self._utm_cache: dict[tuple[str, ...], tuple[str, str]] = {}
        for influencer in definition.influencers:
            owner = influencer.influencer_id
            for code in influencer.discount_codes:
                self._codes[code.casefold()] = owner
            for click_id in influencer.click_ids:
                if click_id.endswith("*"):
                    self._prefixes[click_id[:-1]] = owner
                else:
                    self._clicks[click_id] = owner
            for link in influencer.links:
                named = {name: value for name in UTM_FIELDS if (value := getattr(link, name))}
                self._shapes.add(tuple(named))
                items = frozenset((name, value.casefold()) for name, value in named.items())
                self._links.setdefault(items, (len(self._links), owner))
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)

    def resolve(self, fields: Fields) -> tuple[str, str]:
        """Return (influencer_id or "", how): how is ``direct``, ``code``, ``click_id``, ``utm`` or ``none``."""
        if "influencer_id" in fields:
            return fields["influencer_id"], "direct"
        code = fields.get("discount_code")
        if code:
            owner = self._codes.get(code.casefold())
            if owner is not None:
                return owner, "code"
        click_id = fields.get("click_id")
        if click_id:
            owner = self._clicks.get(click_id)
            if owner is not None:
                return owner, "click_id"
            for length in self._lengths:
                owner = self._prefixes.get(click_id[:length])
                if owner is not None:
                    return owner, "click_id"
        utm = tuple([fields.get(name, "") for name in UTM_FIELDS])
        if any(utm):
            found = self._utm_cache.get(utm)
            if found is None:
                found = self._utm_cache[utm] = self._by_utm(utm)
            return found
        return _NOTHING

    def _by_utm(self, utm: tuple[str, ...]) -> tuple[str, str]:
        values = {name: value.casefold() for name, value in zip(UTM_FIELDS, utm, strict=True) if value}
        best: tuple[int, int] | None = None
        winner = _NOTHING
        for shape in self._shapes:
            if any(name not in values for name in shape):
                continue
            match = self._links.get(frozenset((name, values[name]) for name in shape))
            if match is not None and (best is None or (-len(shape), match[0]) < best):
                best = (-len(shape), match[0])
                winner = (match[1], "utm")
        return winner
