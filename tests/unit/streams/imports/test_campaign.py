"""Whose post it is."""

from datetime import UTC, datetime

import pytest

from models.campaigns import CampaignDefinition, InfluencerDefinition
from models.sources import SourceRules
from streams.imports.campaign import Campaign, ImportOptions
from streams.imports.links import NO_LINK, link_of
from streams.imports.rows import RowRefused


def campaign(*names: tuple[str, str, str], sources: dict[str, SourceRules] | None = None, **options: str) -> Campaign:
    """Return a campaign of influencers: id, handle, platform. Each has a post of the name, and an account."""
    influencers = tuple(
        InfluencerDefinition(
            influencer_id=id_,
            handle=handle,
            platform=on,
            posts={on: (f"post-of-{id_}", f"https://www.instagram.com/p/Code_{id_}/")},
            accounts={on: (f"17841-{id_}",)},
        )
        for id_, handle, on in names
    )
    definition = CampaignDefinition(
        campaign_id="c",
        name="C",
        starts_at=datetime(2026, 4, 18, tzinfo=UTC),
        ends_at=datetime(2026, 4, 19, tzinfo=UTC),
        influencers=influencers,
        sources=sources or {},
    )
    return Campaign(definition, ImportOptions(**options))


ANA = ("ana", "@ana.at.home", "Instagram")
DMITRI = ("dmitri", "dmitri.grows", "instagram")
BRUNO = ("bruno", "@Bruno_AtHome", "tiktok")


def test_by_name_and_address() -> None:
    """A row's name, in any spelling, and the owner in an address say whose post it is."""
    several = campaign(ANA, DMITRI, BRUNO)
    assert several.influencer("instagram", "Ana.At.Home", NO_LINK) == "ana"
    assert several.influencer("instagram", "Dmitri", NO_LINK) == "dmitri"
    assert several.influencer("tiktok", "", link_of("https://www.tiktok.com/@bruno_athome/video/1")) == "bruno"


def test_by_being_the_only_one() -> None:
    """The only influencer of a platform, or of the campaign, is meant where nothing says it."""
    assert campaign(ANA, BRUNO).influencer("tiktok", "", NO_LINK) == "bruno"
    assert campaign(ANA).influencer("x", "", NO_LINK) == "ana"


def test_by_the_user() -> None:
    """What the user says counts before anything else."""
    assert campaign(ANA, DMITRI, influencer="dmitri").influencer("instagram", "ana", NO_LINK) == "dmitri"


def test_refused() -> None:
    """Nobody is guessed: a stranger is refused, and so is a post of one of several."""
    several = campaign(ANA, DMITRI)
    with pytest.raises(RowRefused, match="no influencer of campaign c"):
        several.influencer("instagram", "brand", NO_LINK)
    with pytest.raises(RowRefused, match="--influencer, one of ana, dmitri"):
        several.influencer("instagram", "", NO_LINK)


def test_by_what_the_definition_lists() -> None:
    """A post or an account that the definition lists, by id or address, is its influencer's."""
    several = campaign(ANA, DMITRI)
    assert several.influencer("instagram", "", NO_LINK, "post-of-dmitri") == "dmitri"
    assert several.influencer("instagram", "", link_of("https://www.instagram.com/p/Code_ana/")) == "ana"
    assert several.influencer("instagram", "brand", NO_LINK, "", "17841-dmitri") == "dmitri"


def test_what_the_definition_says_of_a_shop() -> None:
    """The name of a shop, its zone and whether unpaid orders count are the definition's, unless the user says it."""
    rules = {"shopify-at": SourceRules(time_zone="Europe/Vienna", unpaid="count"), "x": SourceRules(kind="woocommerce")}
    told = campaign(ANA, sources=rules)
    assert [told.shop("shopify"), told.shop("woocommerce"), told.shop("stripe")] == ["shopify-at", "x", "stripe-main"]
    assert str(told.zone("shopify-at")) == "Europe/Vienna"
    assert told.zone("shopify-main") is None
    assert (told.counts_unpaid("shopify-at"), told.counts_unpaid("shopify-main")) == (True, False)
    assert campaign(ANA, sources=rules, shop="mine").shop("shopify") == "mine"
    assert campaign(ANA, sources={"woo-at": SourceRules()}).shop("woocommerce") == "woo-at"
