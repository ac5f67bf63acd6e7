"""A campaign as the demo needs it: its giveaway open now, and whose accounts and shop it is that deliveries name."""

from datetime import datetime, timedelta

import msgspec

from models.campaigns import CampaignDefinition
from models.sources import SourceRules
from models.times import epoch_ms

BEFORE = timedelta(days=2)
"""Simulated events are up to 20 hours late."""
AFTER = timedelta(days=7)


def opened_now(definitions: list[CampaignDefinition], now: datetime) -> list[CampaignDefinition] | None:
    """Return definitions whose giveaways are open at ``now`` for as long as they were; None when nothing changes."""
    now_ms = epoch_ms(now)
    moved = []
    for definition in definitions:
        rules = definition.giveaway
        if rules is not None and not rules.opens_ms <= now_ms < rules.closes_ms:
            length = timedelta(milliseconds=rules.closes_ms - rules.opens_ms)
            times = {"opens_at": now, "closes_at": now + length, "time_zone": None}
            definition = msgspec.structs.replace(definition, giveaway=msgspec.structs.replace(rules, **times))
        moved.append(definition)
    return None if moved == definitions else moved


def reached_by_deliveries(definition: CampaignDefinition, now: datetime) -> CampaignDefinition:
    """Return a definition with an account for each influencer on Instagram, a shop, and a time around now."""
    members = [
        msgspec.structs.replace(each, accounts={**each.accounts, "instagram": (f"demo-{each.influencer_id}"[:256],)})
        if each.platform.lower() == "instagram" and not each.accounts.get("instagram")
        else each
        for each in definition.influencers
    ]
    sources = {**definition.sources, "shopify-demo": SourceRules(default=True), "instagram-demo": SourceRules()}
    return msgspec.structs.replace(
        definition,
        influencers=type(definition.influencers)(members),
        sources=sources,
        starts_at=min(definition.starts_at, now - BEFORE),
        ends_at=max(definition.ends_at, now + AFTER),
    )
