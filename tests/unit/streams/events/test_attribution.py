"""Attribution: whose conversion it was, rule by rule."""

from typing import Any

import pytest

from models.campaigns import TrackingLink
from models.events import ConversionEvent
from streams.events.attribution import UNATTRIBUTED
from streams.events.registry import Registry
from tests.unit.events import campaign, event_of, influencer

REGISTRY = Registry(
    [
        campaign(
            influencer(
                "ana",
                TrackingLink(utm_source="ig", utm_medium="story"),
                discount_codes=("ANA10", "Straße"),
                click_ids=("x-*", "exact"),
            ),
            influencer(
                "bruno",
                TrackingLink(utm_source="IG"),
                TrackingLink(utm_source="ig", utm_campaign="spring", utm_content="Reel"),
                discount_codes=("bruno",),
                click_ids=("x-long-*", "x-exact"),
            ),
            influencer("carla", TrackingLink(utm_source="ig"), TrackingLink(utm_term="carla", utm_medium="")),
        )
    ]
)


def owner(**fields: Any) -> str:
    """Return whose a click with these fields is."""
    event = event_of("click", influencer_id=None, **fields)
    assert isinstance(event, ConversionEvent)
    return REGISTRY.attribute(event)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"discount_code": "ANA10"}, "ana"),
        ({"discount_code": "ana10"}, "ana"),
        ({"discount_code": "STRASSE"}, "ana"),  # case folding, not lower case
        ({"discount_code": "BrUnO"}, "bruno"),
        ({"discount_code": "ANA1"}, UNATTRIBUTED),  # the whole code, not its beginning
        ({"discount_code": "ANA100"}, UNATTRIBUTED),
        ({"discount_code": " ANA10"}, "ana"),  # blanks around it are nobody's wish
        ({"discount_code": ""}, UNATTRIBUTED),
        ({}, UNATTRIBUTED),
    ],
)
def test_discount_code_matches_whole_and_without_case(fields: dict[str, str], expected: str) -> None:
    """Codes are typed by people, in any case."""
    assert owner(**fields) == expected


@pytest.mark.parametrize(
    ("click_id", "expected"),
    [
        ("exact", "ana"),
        ("EXACT", UNATTRIBUTED),  # click ids are made by machines: case matters
        ("exactly", UNATTRIBUTED),
        ("x-1", "ana"),
        ("x-", "ana"),
        ("x-long-1", "bruno"),  # the longest prefix
        ("x-lon", "ana"),
        ("x-exact", "bruno"),  # whole before prefix
        ("x", UNATTRIBUTED),
        ("", UNATTRIBUTED),
    ],
)
def test_click_id_matches_whole_or_by_the_longest_prefix(click_id: str, expected: str) -> None:
    """A whole click id wins over a prefix, a longer prefix over a shorter one."""
    assert owner(click_id=click_id) == expected


@pytest.mark.parametrize(
    ("utm", "expected"),
    [
        ({"source": "ig"}, "bruno"),  # bruno's and carla's links name one value: the first in the definition
        ({"source": "IG", "medium": "Story"}, "ana"),  # two values beat one
        ({"source": "ig", "campaign": "spring", "content": "REEL"}, "bruno"),  # three beat two
        ({"source": "ig", "medium": "story", "campaign": "spring", "content": "reel"}, "bruno"),
        ({"source": "ig", "campaign": "spring"}, "bruno"),  # bruno's shorter link
        ({"term": "CARLA"}, "carla"),  # the empty medium of her link asks for nothing
        ({"medium": "story"}, UNATTRIBUTED),  # every value a link names must match
        ({"source": "tiktok"}, UNATTRIBUTED),
        ({"source": ""}, UNATTRIBUTED),
    ],
)
def test_most_specific_link_wins(utm: dict[str, str], expected: str) -> None:
    """A link matches when all its values do; the one with most values is the owner's."""
    assert owner(**{f"utm_{name}": value for name, value in utm.items()}) == expected


def test_equally_specific_links_go_to_the_first_influencer_whatever_values_they_name() -> None:
    """Regression guard: links are indexed by the fields they name, but the definition's order decides between them."""
    registry = Registry(
        [
            campaign(
                influencer("m", TrackingLink(utm_source="one")),
                influencer("n", TrackingLink(utm_medium="story")),
                influencer("o", TrackingLink(utm_source="two")),
            )
        ]
    )
    event = event_of("click", influencer_id=None, utm_source="two", utm_medium="story")
    assert isinstance(event, ConversionEvent)
    assert registry.attribute(event) == "n"


def test_precedence_is_code_then_click_then_link() -> None:
    """The first rule that finds somebody decides; one that finds nobody hands on."""
    everything = {"discount_code": "bruno", "click_id": "exact", "utm_term": "carla"}
    assert owner(**everything) == "bruno"
    assert owner(**{**everything, "discount_code": "unknown"}) == "ana"
    assert owner(**{**everything, "discount_code": "", "click_id": "unknown"}) == "carla"


def test_named_influencer_wins_over_everything_and_needs_no_definition() -> None:
    """Who the producer names is not questioned."""
    event = event_of("click", influencer_id="zoe", discount_code="ANA10")
    assert isinstance(event, ConversionEvent)
    assert REGISTRY.attribute(event) == "zoe"
    assert Registry().attribute(event) == "zoe"


def test_other_campaigns_definitions_do_not_attribute() -> None:
    """A code is the campaign's own; without a definition the conversion belongs to nobody."""
    assert owner(campaign_id="other", discount_code="ANA10") == UNATTRIBUTED


SPELT = Registry(
    [
        campaign(
            influencer(
                "ana",
                TrackingLink(utm_source="ana", utm_campaign="spring giveaway"),
                discount_codes=("ANA-10", "DANKEFÜR10", "İNDİRİM"),
            )
        )
    ]
)


@pytest.mark.parametrize(
    "fields",
    [
        {"discount_code": " ANA-10"},
        {"discount_code": "ANA-10\u00a0"},
        {"discount_code": "ana–10"},
        {"discount_code": "DANKEFU\u0308R10"},
        {"discount_code": "ＡＮＡ-１０"},
        {"discount_code": "indirim"},
        {"discount_code": "ANA\u200b-10"},
        {"utm_source": "ana", "utm_campaign": "spring+giveaway"},
        {"utm_source": "ana ", "utm_campaign": "Spring%20Giveaway"},
        {"utm_source": "ANA", "utm_campaign": "spring%2520giveaway"},
    ],
)
def test_spellings_of_codes_and_links_are_attributed(fields: dict[str, str]) -> None:
    """As people type codes and tools escape links, the first time and again."""
    event = event_of("click", influencer_id=None, **fields)
    assert isinstance(event, ConversionEvent)
    assert [SPELT.attribute(event) for _ in range(2)] == ["ana", "ana"]
