"""Whose conversion it was: discount codes, click ids and utm values against the campaign definitions.

The rules and their order are in ``docs/statistics.md``.
"""

import re
from collections.abc import Container, Iterator, Mapping
from operator import attrgetter
from typing import Final

from models.campaigns import CampaignDefinition, InfluencerDefinition, TrackingLink
from models.events import ConversionEvent
from streams.comparison import code_key, utm_key

UNATTRIBUTED = ""
"""The influencer id under which conversions count that belong to nobody."""

_BETWEEN_CODES: Final = re.compile(r"[,;|\n，；、]")
_SPELLINGS: Final = 2_000
"""Spellings of codes and of utm values that are remembered, each with whose it is: folding takes longer."""
_UTM_FIELDS = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
_utm_values: Final = attrgetter(*_UTM_FIELDS)


class CampaignIndex:
    """One campaign definition, indexed for look-up. Immutable but for its memory of spellings."""

    def __init__(self, definition: CampaignDefinition) -> None:
        self.definition = definition
        self.influencers: Mapping[str, InfluencerDefinition] = {
            influencer.influencer_id: influencer for influencer in definition.influencers
        }
        self._codes: dict[str, str] = {}
        self._spelt_codes: dict[str, tuple[str, ...]] = {}
        self._click_ids: dict[str, str] = {}
        self._click_prefixes: dict[int, dict[str, str]] = {}
        self._links: dict[tuple[str, ...], dict[tuple[str, ...], tuple[int, str]]] = {}
        self._spelt_links: dict[tuple[str | None, ...], str | None] = {}
        for order, influencer in enumerate(definition.influencers):
            self._add(order, influencer)
        # The longest prefix and the most specific link win; of equally specific links the definition's first.
        self._prefix_lengths = sorted(self._click_prefixes, reverse=True)
        self._link_shapes = sorted(self._links, key=len, reverse=True)

    def _add(self, order: int, influencer: InfluencerDefinition) -> None:
        for code in influencer.discount_codes:
            self._codes[code_key(code)] = influencer.influencer_id
        for click_id in influencer.click_ids:
            if click_id.endswith("*"):
                prefixes = self._click_prefixes.setdefault(len(click_id) - 1, {})
                prefixes.setdefault(click_id[:-1], influencer.influencer_id)
            else:
                self._click_ids[click_id] = influencer.influencer_id
        for link in influencer.links:
            fields, values = _wanted(link)
            self._links.setdefault(fields, {}).setdefault(values, (order, influencer.influencer_id))

    def owners(self, event: ConversionEvent) -> tuple[str, ...]:
        """Return the influencers a conversion without ``influencer_id`` belongs to; none where it names nobody.

        Only codes of several influencers make it several, in the order of their codes, where the definition splits.
        """
        code, codes = event.discount_code, event.discount_codes
        if code or codes:
            found = (
                tuple(dict.fromkeys(self._owners_of_codes(event))) if codes or code is None else self._owners_of(code)
            )
            if len(found) > 1:
                several = self.definition.several_codes
                found = found if several == "split" else found[-1:] if several == "last" else found[:1]
            if found:
                return found
        one = self._by_visit(event)
        return () if one is None else (one,)

    def _owners_of_codes(self, event: ConversionEvent) -> Iterator[str]:
        """Yield the owner of each code; codes that belong to nobody, as a shop's own, are passed over."""
        for text in (event.discount_code, *(event.discount_codes or ())):
            if text:
                yield from self._owners_of(text)

    def _owners_of(self, text: str) -> tuple[str, ...]:
        """Return the owners of the codes in a text, in any spelling, each once."""
        found = self._spelt_codes.get(text)
        if found is None:
            found = tuple(dict.fromkeys(self._codes[code] for code in codes_in(text, self._codes)))
            if len(self._spelt_codes) < _SPELLINGS:
                self._spelt_codes[text] = found
        return found

    def _by_visit(self, event: ConversionEvent) -> str | None:
        """Return the influencer of a click id or of utm values.

        Costs a look-up for each length of prefix and each combination of utm fields, not for each influencer.
        """
        if event.click_id:
            found = self._click_ids.get(event.click_id)
            if found is not None:
                return found
            for length in self._prefix_lengths:
                found = self._click_prefixes[length].get(event.click_id[:length])
                if found is not None:
                    return found
        values: tuple[str | None, ...] = _utm_values(event)
        spelt = self._spelt_links
        if values in spelt:
            return spelt[values]
        found = self._by_links(dict(zip(_UTM_FIELDS, values, strict=True)))
        if len(spelt) < _SPELLINGS:
            spelt[values] = found
        return found

    def _by_links(self, said: Mapping[str, str | None]) -> str | None:
        """Return whose link these utm values are, in any spelling."""
        best: tuple[int, str] | None = None
        specific = 0
        for fields in self._link_shapes:
            if best is not None and len(fields) < specific:
                break
            values = [value for field in fields if (value := said[field])]
            if len(values) < len(fields):
                continue  # no link asks for an empty value
            match = self._links[fields].get(tuple([utm_key(value) for value in values]))
            if match is not None and (best is None or match[0] < best[0]):
                best, specific = match, len(fields)
        return None if best is None else best[1]


def codes_in(text: str, known: Container[str]) -> Iterator[str]:
    """Yield the known codes that a text holds, as they compare: the whole of it, or what stands between commas."""
    whole = code_key(text)
    if whole in known:
        yield whole
    else:
        yield from (code for part in _BETWEEN_CODES.split(text) if (code := code_key(part)) in known)


def codes_of(event: ConversionEvent) -> str:
    """Return all codes of an event in one text, commas between them, as ``codes_in`` reads them."""
    if not event.discount_codes:
        return event.discount_code or ""
    return ",".join(code for code in (event.discount_code, *event.discount_codes) if code)


def _wanted(link: TrackingLink) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the utm fields a link asks for, and their values."""
    values = [(field, utm_key(value)) for field in _UTM_FIELDS if (value := getattr(link, field))]
    return tuple(field for field, _ in values), tuple(value for _, value in values)
