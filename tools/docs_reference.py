"""The generated parts of docs/settings.md and docs/topics.md, and the JSON Schemas."""

import json
from functools import reduce
from operator import or_
from typing import Any

import msgspec

from agents.broker.topic_admin import changelog_topic, topic_specs
from agents.setting_names import described, described_files
from agents.settings import Settings
from models.actions import ActionRecord
from models.alerts import AlertTransition, SnapshotWithAlerts
from models.campaigns import CampaignDefinition
from models.deadletters import REASONS, DeadLetter
from models.events import EVENT_TYPES
from models.minutes import Minute, MinutesOfHour
from models.rollups import Rollup, Snapshot
from models.topics import (
    ACTIONS,
    ALERTS,
    CLOSED_WINDOWS,
    COMMENTS,
    CONVERSIONS,
    CURSORS,
    DEAD_LETTERS,
    DEFINITIONS,
    DRAWS,
    ENTRIES,
    INBOX,
    INFLUENCER_SNAPSHOTS,
    MINUTES,
    POSTS,
    ROLLUPS,
    WEBHOOKS,
)
from models.webhooks import AlertMessage, MilestoneMessage

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PRODUCERS = "producers: the gateway, `campaign-pulse simulate`, your own; workers (forwards); redrives"
_USES = {
    POSTS: ("`influencer_id`", "an event (JSON)", _PRODUCERS, "workers"),
    COMMENTS: ("`influencer_id`", "an event (JSON)", _PRODUCERS, "workers"),
    CONVERSIONS: ("`influencer_id`, else `campaign_id`", "an event (JSON)", _PRODUCERS, "workers"),
    changelog_topic(Settings()): (
        "internal",
        "internal (state, remembered ids)",
        "workers",
        "workers, at an assignment",
    ),
    INFLUENCER_SNAPSHOTS: (
        "`[campaign, influencer]`; `[campaign, partition, hour]`",
        "internal (absolute numbers; minutes of a campaign's hour)",
        "workers",
        "workers (second stage)",
    ),
    ENTRIES: (
        "block or person (JSON)",
        "facts of a giveaway in columns (MessagePack, `streams/ledger/fact_records.py`)",
        "workers",
        "workers (giveaway), draws",
    ),
    DEFINITIONS: (
        "`campaign_id`",
        "a campaign definition (JSON); null takes it back",
        "`campaign-pulse campaigns`",
        "workers, `campaign-pulse campaigns list`",
    ),
    DRAWS: (
        "`campaign_id`",
        "a step: freeze, draw or exclusion (JSON)",
        "`campaign-pulse giveaway`",
        "`campaign-pulse giveaway`, whoever verifies",
    ),
    ACTIONS: (
        "`[campaign, action, kind of record]` (JSON)",
        "an action, or what became of a redrive (JSON; [desk.md](desk.md))",
        "the gateway (actions), workers (outcomes)",
        "workers, the gateway, `campaign-pulse giveaway`",
    ),
    CLOSED_WINDOWS: ("`campaign_id`", "internal (closed minutes, comments among them)", "workers", "workers (alerts)"),
    INBOX: ("source", "a delivery, byte for byte; the rest in headers", "the gateway", "people"),
    CURSORS: ("source and target", "how far it is read: a time, a page's token or ids", "`gateway poll`", "the same"),
    WEBHOOKS: (
        "`[what, name...]` (JSON)",
        "a message that waits or was taken; how far alerts and rollups are read ([webhooks.md](webhooks.md))",
        "the gateway; `gateway webhooks enable`",
        "the gateway; `gateway webhooks list`",
    ),
    ALERTS: ("`alert_id`", "an alert that opened, changed or was resolved (JSON)", "workers", "anybody"),
    ROLLUPS: (
        "`[campaign]` or `[campaign, influencer]` (JSON)",
        "a rollup (JSON, absolute numbers)",
        "workers",
        "anybody",
    ),
    MINUTES: (
        "`[campaign, influencer, beginning]` (JSON; influencer null: the campaign)",
        "a closed minute (JSON, absolute counts; [history.md](history.md))",
        "workers",
        "anybody, `campaign-pulse export`",
    ),
    DEAD_LETTERS: (
        "as it came",
        "as it came; the rest in headers",
        "workers; `campaign-pulse dead-letters redrive` (marks)",
        "people, `campaign-pulse dead-letters`",
    ),
}


def table(headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def settings_table() -> str:
    """Return every variable with its default and meaning."""
    rows = [
        (f"`{name}`", f"`{default}`" if default else "(empty)", doc)
        for name, default, doc in [*described(), *described_files()]
    ]
    return table(("variable", "default", "what it is for"), rows)


def topics_table() -> str:
    """Return every topic with partitions, contents, settings, and who writes and reads it."""
    rows = []
    for spec in topic_specs(Settings()):
        key, value, writers, readers = _USES[spec.name]
        partitions = f"{spec.partitions}, co-partitioned" if spec.copartitioned else str(spec.partitions)
        config = "<br>".join(f"`{name}={setting}`" for name, setting in spec.config.items())
        rows.append((f"`{spec.name}`", spec.purpose, partitions, key, value, writers, readers, config))
    return table(("topic", "what for", "partitions", "key", "value", "written by", "read by", "settings"), rows)


def schemas() -> dict[str, str]:
    """Return the JSON Schemas by file name."""
    return {
        f"{name}.schema.json": json.dumps({"$schema": _DIALECT, **schema}, indent=2, ensure_ascii=False) + "\n"
        for name, schema in (
            ("event", msgspec.json.schema(reduce(or_, EVENT_TYPES))),
            ("campaign-definition", msgspec.json.schema(CampaignDefinition)),
            ("action", msgspec.json.schema(ActionRecord)),
            ("alert-transition", msgspec.json.schema(AlertTransition)),
            ("rollup", msgspec.json.schema(Rollup)),
            ("minute", msgspec.json.schema(Minute)),
            ("minutes-of-hour", msgspec.json.schema(MinutesOfHour)),
            ("snapshot", msgspec.json.schema(Snapshot)),
            ("snapshot-with-alerts", msgspec.json.schema(SnapshotWithAlerts)),
            ("webhook-alert", msgspec.json.schema(AlertMessage)),
            ("webhook-milestone", msgspec.json.schema(MilestoneMessage)),
            ("dead-letter-headers", _header_schema()),
        )
    }


def _header_schema() -> dict[str, Any]:
    """Return the schema of a dead letter's headers as an object of texts."""
    letter = DeadLetter(reason="empty_value", detail="", topic="", partition=0, offset=0, key=None, value=None)
    names = [name for name, _ in letter.headers()]
    properties: dict[str, Any] = {name: {"type": "string"} for name in names}
    properties["pulse.reason"]["enum"] = list(REASONS)
    for name in ("pulse.partition", "pulse.offset"):
        properties[name]["pattern"] = "^[0-9]+$"
    return {
        "title": "DeadLetterHeaders",
        "description": f"Headers of {DEAD_LETTERS}, UTF-8. Key and value of the record are those of the refused input.",
        "type": "object",
        "properties": properties,
        "required": names,
    }
