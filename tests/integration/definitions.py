"""The example's campaign with a giveaway that is open while a simulation runs."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec

from models.campaigns import CampaignDefinition
from models.giveaway import GiveawayRules
from models.times import HOUR_MS
from tests.integration.cluster import giveaway_definitions


def with_giveaway(start_ms: int, rules: GiveawayRules | None = None) -> list[CampaignDefinition]:
    """The example's definition; its giveaway opens half an hour after ``start_ms`` and closes after five hours."""
    opens, closes = (datetime.fromtimestamp(ms / 1000, UTC) for ms in (start_ms + HOUR_MS // 2, start_ms + 5 * HOUR_MS))
    (example,) = giveaway_definitions()
    rules = rules or example.giveaway or GiveawayRules(opens_at=opens, closes_at=closes)
    times = {"opens_at": opens, "closes_at": closes, "time_zone": None}
    return [msgspec.structs.replace(example, giveaway=msgspec.structs.replace(rules, **times))]


def write_definition(definition: CampaignDefinition, path: Path) -> Path:
    """Write a definition as a file for `campaigns apply`: JSON is YAML."""
    path.write_bytes(msgspec.json.encode(definition))
    return path
