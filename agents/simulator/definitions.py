"""Made-up campaigns of any size, for load: thousands of influencers with codes, links and click ids."""

from datetime import UTC, date, datetime, timedelta
from random import Random

from agents.simulator.texts import NAMES
from models.campaigns import CampaignDefinition, InfluencerDefinition, RateCard, TrackingLink

PLATFORMS = ("instagram", "tiktok", "youtube")


def synthetic_definitions(
    influencers: int, campaigns: int, seed: int, starts_at: datetime, duration: timedelta
) -> list[CampaignDefinition]:
    """Return ``campaigns`` definitions with ``influencers`` in all, spread evenly; equal arguments, equal result.

    Raises:
        ValueError: a number is not positive, or there are fewer influencers than campaigns.
    """
    if campaigns < 1:
        raise ValueError(f"campaigns must be at least 1, not {campaigns}")
    if influencers < campaigns:
        raise ValueError(f"influencers must be at least the number of campaigns ({campaigns}), not {influencers}")
    random = Random(seed)  # noqa: S311  # reproducible test data, nothing secret
    definitions = []
    for number in range(campaigns):
        campaign_id = f"load-{number + 1}"
        members = range(number, influencers, campaigns)
        definitions.append(
            CampaignDefinition(
                campaign_id=campaign_id,
                name=f"Load campaign {number + 1}",
                starts_at=starts_at.astimezone(UTC),
                ends_at=starts_at.astimezone(UTC) + duration,
                influencers=tuple(_influencer(index, campaign_id, random) for index in members),
                rate_card=RateCard(
                    currency="EUR", dated=date(2026, 1, 1), like="0.05", comment="0.50", thousand_views="4.20"
                ),
            )
        )
    return definitions


def _influencer(index: int, campaign_id: str, random: Random) -> InfluencerDefinition:
    name = f"{NAMES[index % len(NAMES)]}{index}"
    return InfluencerDefinition(
        influencer_id=name,
        handle=f"@{name}",
        platform=PLATFORMS[int(random.random() * len(PLATFORMS))],
        followers=int(8_000 + 87_000 * random.random() ** 2),
        discount_codes=(f"{name.upper()}10",),
        links=(TrackingLink(utm_source=name, utm_medium="influencer", utm_campaign=campaign_id),),
        click_ids=(f"{name}-*",),
    )
