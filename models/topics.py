"""The catalogue of topics: every name in one place."""

from typing import Final

POSTS: Final = "campaign.posts.v1"
COMMENTS: Final = "campaign.comments.v1"
CONVERSIONS: Final = "campaign.conversions.v1"
INPUT_TOPICS: Final = (POSTS, COMMENTS, CONVERSIONS)
"""Input topics in the order in which positions are stored; append only."""

INBOX: Final = "campaign.inbox.v1"
"""Deliveries as they came, before they were mapped: the gateway writes them. Personal data, kept for four days."""

CURSORS: Final = "campaign.cursors.v1"
"""Internal and compacted: how far ``gateway poll`` has read each of its targets."""

WEBHOOKS: Final = "campaign.webhooks.v1"
"""Internal and compacted: outgoing messages that wait or were taken, and how far their sources are read."""

DEFINITIONS: Final = "campaign.definitions.v1"
INFLUENCER_SNAPSHOTS: Final = "campaign.influencer-snapshots.v1"
"""Internal and compacted: absolute influencer numbers, partitioned by campaign, for the second stage."""

ENTRIES: Final = "campaign.entries.v1"
"""The ledger of giveaways, partitioned by campaign: see ``streams.ledger.collector``."""

DRAWS: Final = "campaign.draws.v1"
"""The log of draws: every freeze, draw and exclusion of a campaign, numbered and hash-linked, kept for ever."""

ACTIONS: Final = "campaign.actions.v1"
"""What people decide at the desk, compacted: see ``models.actions``. The gateway writes it, workers act on it."""

CLOSED_WINDOWS: Final = "campaign.windows.v1"
"""Internal: closed minutes of a campaign's influencers, partitioned by campaign, for alerts."""

OWN_TOPICS: Final = (INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS, ENTRIES, DEFINITIONS, ACTIONS)
"""What workers read beside the events, and nobody but our own processes write; the changelog is another one."""

ALERTS: Final = "campaign.alerts.v1"
ROLLUPS: Final = "campaign.rollups.v1"
MINUTES: Final = "campaign.minutes.v1"
"""Closed minutes of campaigns and influencers, partitioned by campaign: see ``models.minutes``."""

DEAD_LETTERS: Final = "campaign.dead-letters.v1"
