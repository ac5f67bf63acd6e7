"""Attribution against the rules of docs/statistics.md, read one influencer at a time."""

from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.campaigns import CampaignDefinition, InfluencerDefinition, TrackingLink
from models.events import ConversionEvent
from streams.events.registry import Registry
from tests.unit.events import campaign, event_of, influencer

FIELDS = ("utm_source", "utm_medium", "utm_campaign")
words = st.sampled_from(["", "a", "A", "b", "ß", "SS"])
links = st.dictionaries(st.sampled_from(FIELDS), words).filter(lambda link: any(link.values()))


@st.composite
def definitions(draw: st.DrawFn) -> CampaignDefinition:
    """Draw a campaign of a few influencers with overlapping links and prefixes."""
    free_codes = draw(st.permutations(["x", "xy", "X-1", "straße"]))
    free_ids = draw(st.permutations(["*", "a*", "ab*", "abc*", "a", "ab", "abc", "b*"]))
    cuts = sorted(draw(st.lists(st.integers(0, 8), min_size=4, max_size=4)))
    people = [
        influencer(
            name,
            *(TrackingLink(**link) for link in draw(st.lists(links, max_size=3))),
            discount_codes=tuple(free_codes[index : index + 1]),
            click_ids=tuple(free_ids[start:end]),
        )
        for index, (name, (start, end)) in enumerate(zip("mno", pairwise(cuts), strict=True))
    ]
    return campaign(*people)


def owner(people: tuple[InfluencerDefinition, ...], event: ConversionEvent) -> str:
    """Return whose it is, by the text of the rules."""
    for person in people:
        if event.discount_code and event.discount_code.casefold() in [
            code.casefold() for code in person.discount_codes
        ]:
            return person.influencer_id
    found: list[tuple[int, int, str]] = []
    if event.click_id:
        for order, person in enumerate(people):
            for entry in person.click_ids:
                if entry == event.click_id and not entry.endswith("*"):
                    return person.influencer_id
                if entry.endswith("*") and event.click_id.startswith(entry[:-1]):
                    found.append((-len(entry), order, person.influencer_id))
    if not found:
        for order, person in enumerate(people):
            for link in person.links:
                asked = {field: value for field in FIELDS if (value := getattr(link, field))}
                if all((getattr(event, field) or "").casefold() == value.casefold() for field, value in asked.items()):
                    found.append((-len(asked), order, person.influencer_id))
    return min(found)[2] if found else ""


@settings(max_examples=200)
@given(
    definitions(),
    st.fixed_dictionaries(
        {
            "discount_code": st.sampled_from([None, None, "", "X", "xY", "STRASSE", "none"]),
            "click_id": st.sampled_from([None, None, "", "a", "ab", "abcd", "b", "c", "A"]),
            **dict.fromkeys(FIELDS, st.one_of(st.none(), words)),
        }
    ),
)
def test_owner_is_that_of_the_rules(definition: CampaignDefinition, marks: dict[str, Any]) -> None:
    """Codes before click ids before links; the longest, the most specific, the first in the definition."""
    event = event_of("click", influencer_id=None, **marks)
    assert isinstance(event, ConversionEvent)
    assert Registry([definition]).attribute(event) == owner(definition.influencers, event)
