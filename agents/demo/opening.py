"""A giveaway that is open while the demo runs, whatever its definition says."""

from datetime import datetime, timedelta

import msgspec

from models.campaigns import CampaignDefinition
from models.times import epoch_ms


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
