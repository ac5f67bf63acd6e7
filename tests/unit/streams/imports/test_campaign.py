"""Whose post it is."""

from datetime import UTC, datetime

import pytest

from models.campaigns import CampaignDefinition, InfluencerDefinition
from streams.imports.campaign import Campaign, ImportOptions
from streams.imports.links import NO_LINK, link_of
from streams.imports.rows import RowRefused


def campaign(*names: tuple[str, str, str], **options: str) -> Campaign:
    """Return a campaign of influencers: id, handle, platform."""
    influencers = tuple(
        InfluencerDefinition(influencer_id=id_, handle=handle, platform=on) for id_, handle, on in names
    )
    definition = CampaignDefinition(
        campaign_id="c",
        name="C",
        starts_at=datetime(2026, 4, 18, tzinfo=UTC),
        ends_at=datetime(2026, 4, 19, tzinfo=UTC),
        influencers=influencers,
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
