"""Whose an event is: the order of the ways, the times, and what fits nothing."""

from typing import Any

import msgspec

from models.campaigns import CampaignDefinition
from streams.connectors.drafts import Draft
from streams.connectors.placing import Placer
from streams.connectors.translation import translate
from streams.connectors.woocommerce import read
from tests.unit.streams.connectors.deliveries import delivery, events_of

HOUR_MS = 3_600_000
START_MS = 1_776_520_800_000
"""2026-04-18T14:00:00Z."""


def campaign(
    campaign_id: str, start: str = "2026-04-18T14:00:00Z", end: str = "2026-04-18T20:00:00Z", **more: Any
) -> Any:
    """A definition with one influencer, ana."""
    ana = {"influencer_id": "ana", "handle": "@ana", "platform": "instagram", **more.pop("ana", {})}
    fields = {"campaign_id": campaign_id, "name": campaign_id, "starts_at": start, "ends_at": end, "influencers": [ana]}
    return msgspec.convert({**fields, **more}, CampaignDefinition)


def comment(at_ms: int = START_MS, **more: Any) -> Draft:
    """A comment on the post p of the account a."""
    told = {"post_ids": ("p",), "account": "a", **more}
    return Draft(type="comment.created", event_id="c", platform="instagram", occurred_at=at_ms, **told)


def order(at_ms: int = START_MS, **more: Any) -> Draft:
    """A purchase."""
    return Draft(type="purchase", event_id="o", platform="shop", occurred_at=at_ms, **more)


def found(placer: Placer, draft: Draft, source: str = "s") -> list[tuple[str, str | None]]:
    """Campaigns and influencers of a draft."""
    return [(place.campaign_id, place.influencer_id) for place in placer.places(draft, source)]


def test_a_listed_post_goes_before_a_listed_account() -> None:
    """An influencer with two campaigns at once says by the post which it is."""
    by_account = campaign("a", ana={"accounts": {"instagram": ["a"]}})
    by_post = campaign("b", ana={"posts": {"Instagram": ["p"]}})
    assert found(Placer([by_account, by_post]), comment()) == [("b", "ana")]
    assert found(Placer([by_account, by_post]), comment(post_ids=("q",))) == [("a", "ana")]


def test_an_account_counts_in_the_time_of_the_campaign_and_a_while_after() -> None:
    """From the start on, to two days after the end: what is sent again has the time of sending."""
    placer = Placer([campaign("a", ana={"accounts": {"instagram": ["a"]}})])
    draft = comment(post_ids=())
    times = {START_MS - 1: 0, START_MS: 1, START_MS + 54 * HOUR_MS - 1: 1, START_MS + 54 * HOUR_MS: 0}
    for at_ms, matches in times.items():
        assert len(found(placer, msgspec.structs.replace(draft, occurred_at=at_ms))) == matches


def test_a_campaign_in_its_time_goes_before_one_that_is_over() -> None:
    """The grace of yesterday's campaign takes nothing from today's."""
    over = campaign("a", "2026-04-17T14:00:00Z", "2026-04-17T20:00:00Z", ana={"accounts": {"instagram": ["a"]}})
    now = campaign("b", ana={"accounts": {"instagram": ["a"]}})
    assert found(Placer([over, now]), comment(post_ids=())) == [("b", "ana")]
    assert found(Placer([over]), comment(post_ids=())) == [("a", "ana")]


def test_a_listed_post_counts_at_any_time() -> None:
    """Who lists a post means it."""
    placer = Placer([campaign("a", ana={"posts": {"instagram": ["p"]}})])
    assert found(placer, comment(START_MS - 100 * HOUR_MS)) == [("a", "ana")]


def test_codes_click_ids_and_utm_values_find_the_campaign_of_an_order() -> None:
    """In any case and spelling, in the campaign's time."""
    ana = {"discount_codes": ["ANA10"], "click_ids": ["ana-*"], "links": [{"utm_source": "ana"}]}
    placer = Placer([campaign("a", ana=ana)])
    for marked in ({"codes": ("ana10",)}, {"marks": {"click_id": "ana-7"}}, {"marks": {"utm_source": "Ana"}}):
        assert found(placer, order(**marked)) == [("a", "ana")]
    assert found(placer, order(codes=("OTHER",), marks={"utm_source": "bob"})) == []
    assert found(placer, order(START_MS - 1, codes=("ana10",))) == []


def test_a_refund_is_placed_by_the_time_of_its_order() -> None:
    """Money comes back weeks after the campaign, and belongs to it."""
    placer = Placer([campaign("a", ana={"discount_codes": ["ANA10"]})])
    late = order(START_MS + 1_000 * HOUR_MS, codes=("ANA10",))
    assert found(placer, late) == []
    assert found(placer, msgspec.structs.replace(late, placed_at_ms=START_MS)) == [("a", "ana")]


def test_what_names_no_campaign_goes_to_the_one_that_takes_it() -> None:
    """Per source, in its time."""
    placer = Placer([campaign("a", sources={"s": {"default": True, "influencer_id": "ana"}})])
    assert found(placer, order()) == [("a", "ana")]
    assert found(placer, order(), "other") == []
    assert found(placer, order(START_MS - 1)) == []


def test_a_draft_that_names_its_campaign_is_there_at_any_time() -> None:
    """Explicit goes first; a tag that only looks like a campaign has to be one."""
    placer = Placer([campaign("a"), campaign("b", ana={"posts": {"instagram": ["p"]}})])
    assert found(placer, comment(campaign_id="a", influencer_id="ana")) == [("a", "ana")]
    assert found(placer, order(campaign_id="unknown")) == [("unknown", None)]
    assert found(placer, comment(campaign_id="unknown", influencer_id="x", is_tagged=True)) == [("b", "ana")]


def test_an_event_of_two_campaigns_has_the_campaign_in_its_ids() -> None:
    """The key of duplicates has no campaign in it: the second copy would be dropped."""
    ana = {"discount_codes": ["ANA10"]}
    placer = Placer([campaign("a", ana=ana), campaign("b", ana=ana)])
    body = {"id": 1, "date_paid_gmt": "2026-04-18T16:10:03", "currency": "EUR", "total": "1.00"}
    events = events_of(delivery("woo-at", {**body, "coupon_lines": [{"code": "ana10"}]}), placer)
    assert [(event["event_id"], event["campaign_id"]) for event in events] == [
        ("woo-at:order:1@a", "a"),
        ("woo-at:order:1@b", "b"),
    ]


def test_codes_of_several_influencers_that_share_an_order_stay_together() -> None:
    """Who gets which part is the worker's to say: the event carries both codes and no influencer."""
    both = [
        {"influencer_id": "ana", "handle": "a", "platform": "instagram", "discount_codes": ["A"]},
        {"influencer_id": "bob", "handle": "b", "platform": "instagram", "discount_codes": ["B"]},
    ]
    placer = Placer([campaign("a", influencers=both, several_codes="split")])
    body = {"id": 1, "date_paid_gmt": "2026-04-18T16:10:03", "currency": "EUR", "total": "1.00"}
    (event,) = events_of(delivery("woo-at", {**body, "coupon_lines": [{"code": "a"}, {"code": "b"}]}), placer)
    assert event["discount_codes"] == ["a", "b"]
    assert "influencer_id" not in event


def test_what_fits_no_campaign_says_what_would_make_it_fit() -> None:
    """So that a definition can be mended, and the event replayed."""
    body = {"id": 1, "date_paid_gmt": "2026-04-18T16:10:03", "currency": "EUR", "total": "1.00"}
    one = delivery("woo-at", {**body, "coupon_lines": [{"code": "ana10"}]})
    (reason,) = translate(one, Placer([campaign("a")]), read).of_kind("unmatched")
    assert "'ana10'" in reason
    assert "sources.woo-at.default" in reason


def test_a_comment_needs_an_influencer() -> None:
    """Posts are somebody's; the campaign alone is not enough, and that is said."""
    placer = Placer([campaign("a", sources={"instagram-main": {"default": True}})])
    change = {"field": "comments", "value": {"id": "1", "from": {"username": "mia"}, "media": {"id": "p"}}}
    one = delivery("instagram-main", {"entry": [{"id": "1", "time": 1_776_528_250, "changes": [change]}]})
    assert events_of(one, placer) == []
