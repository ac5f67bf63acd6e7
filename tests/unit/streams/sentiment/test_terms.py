"""A campaign's own sentiment terms, from its definition to its numbers."""

import msgspec
import pytest

from models.campaigns import CampaignDefinition
from streams.events.definitions import DefinitionError, parse_definitions
from streams.replay import Replay
from streams.sentiment.scorers import DEFAULT_SCORER, default_scorer, make_scorer_with_terms

DEFINITION = """
campaign_id: {campaign}
name: Launch
starts_at: 2026-03-01T00:00:00Z
ends_at: 2026-03-31T00:00:00Z
influencers: []
sentiment_terms: {{{terms}}}
"""
NOW_MS = 1_900_000_000_000


def definition(campaign: str, terms: str) -> CampaignDefinition:
    """A definition with these terms."""
    return parse_definitions(DEFINITION.format(campaign=campaign, terms=terms))[0]


def comment(campaign: str, number: int, text: str) -> bytes:
    """One comment as a line of a file."""
    fields = {
        "type": "comment.created",
        "event_id": f"{campaign}-{number}",
        "campaign_id": campaign,
        "influencer_id": "ana",
        "platform": "tiktok",
        "occurred_at": NOW_MS - 1_000,
        "post_id": "p",
        "comment_id": str(number),
        "author_id": str(number),
        "text": text,
    }
    return msgspec.json.encode(fields)


def test_terms_change_the_score_of_their_campaign_only() -> None:
    """A word that one campaign praises and another complains about counts for each by its own definition."""
    scorer = default_scorer()
    assert scorer.score("glowzilla") == 0
    definitions = [definition("spring", "glowzilla: 1.0"), definition("autumn", "glowzilla: -1.0")]
    run = Replay(scorer, definitions, NOW_MS, scorer_with_terms=make_scorer_with_terms(DEFAULT_SCORER, capacity=100))
    lines = [comment(campaign, 1, "glowzilla") for campaign in ("spring", "autumn", "winter")]
    assert list(run.feed(lines)) == [3]
    found = {each.campaign_id: each.windows["total"].sentiment for each in run.finish().campaigns}
    nets = {campaign: stats.net for campaign, stats in found.items() if stats is not None}
    assert nets == {"spring": 1.0, "autumn": -1.0, "winter": 0.0}


def test_textblob_has_no_use_for_terms() -> None:
    """Terms belong to the social scorer; another one is used as it is."""
    assert make_scorer_with_terms("textblob", capacity=100) is None


@pytest.mark.parametrize(
    ("terms", "named"),
    [("glow: 2.0", "sentiment_terms"), ("glow: high", "sentiment_terms"), ("a b c: 0.5", "sentiment_terms")],
    ids=["beyond 1", "no number", "three words"],
)
def test_bad_terms_are_refused_by_name(terms: str, named: str) -> None:
    """A weight outside -1..1, or a term that is no term, is refused with the line and the field."""
    with pytest.raises(DefinitionError) as error:
        definition("spring", terms)
    assert named in str(error.value)
    assert error.value.line == 7
