"""Giveaways of one campaign and their ledgers, for tests."""

from datetime import UTC, datetime
from typing import Any

from models.campaigns import CampaignDefinition
from models.events import CommentCreated, Event
from models.giveaway import GiveawayRules
from models.topics import COMMENTS
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.rules import RuleBook
from streams.ledger.blocks import EntryBlock
from streams.ledger.collector import blocks_of
from streams.ledger.compaction import Ledger, LedgerRecord
from streams.ledger.marks import Forgotten
from streams.ledger.people import people_of

OPENS = datetime(2026, 4, 18, 14, tzinfo=UTC)
OPENS_MS = int(OPENS.timestamp()) * 1000
NAMES = ("mia", "leo", "noa", "eva")


def loaded(*facts: EntryBlock | Forgotten, **rules: Any) -> GiveawayData:
    """A giveaway of six hours with these facts in its ledger."""
    closes = OPENS.replace(hour=20)
    rule = GiveawayRules(opens_at=OPENS, closes_at=closes, **rules)
    definition = CampaignDefinition(
        campaign_id="c", name="C", starts_at=OPENS, ends_at=closes, influencers=(), giveaway=rule
    )
    ledger = Ledger({0: len(facts)}, [LedgerRecord(fact.key(), fact) for fact in facts])
    return GiveawayData(definition, rule, RuleBook(definition), ledger, people_of(ledger.facts))


def book(**rules: Any) -> RuleBook:
    """Rules of a giveaway of six hours."""
    return loaded(**rules).book


def comment(number: int, author: str, text: str = "in", at_ms: int = 1, **fields: Any) -> CommentCreated:
    """A comment by somebody whose id is ``id-`` and the handle."""
    return CommentCreated(
        event_id=f"e{number}",
        campaign_id="c",
        occurred_at=OPENS_MS + at_ms,
        comment_id=f"c{number}",
        author_id=f"id-{author}",
        text=text,
        **{"influencer_id": "ana", "author_handle": f"@{author}", "post_id": "p", "platform": "tiktok", **fields},
    )


def block(*events: Event, topic: str = COMMENTS) -> EntryBlock:
    """Events as one block."""
    [found] = blocks_of("c", topic, events)
    return found
