"""The first stage, as the settings want it."""

import secrets
from collections.abc import Mapping

from agents.settings import QUARANTINE, Settings
from models.topics import COMMENTS
from streams.columns.keyed_hashes import KEY_BYTES
from streams.pipeline.limits import Limits
from streams.pipeline.pipeline import Pipeline
from streams.sentiment.scorers import CachedScorer, make_scorer_with_terms


def make_pipeline(settings: Settings, partitions: Mapping[str, int], scorer: CachedScorer) -> Pipeline:
    """Return the first stage, without partitions.

    Args:
        settings: its limits. Those of a worker's rows are shared out among all partitions of its topic.
        partitions: partition count of each topic.
        scorer: the polarities of comments.
    """
    return Pipeline(
        scorer,
        partitions[COMMENTS],
        limits=Limits(
            max_event_bytes=settings.max_event_bytes,
            future_tolerance_ms=settings.future_tolerance_seconds * 1000,
            dedupe_hours=settings.dedupe_hours,
            order_days=settings.order_days,
            alert_grace_ms=round(settings.alert_grace_seconds * 1000),
            quarantine_unknown=settings.unknown_campaigns == QUARANTINE,
            unknown_rows=-(-settings.unknown_rows // partitions[COMMENTS]),
            campaign_influencers=-(-settings.campaign_influencers // partitions[COMMENTS]),
            influencer_posts=settings.influencer_posts,
            influencer_currencies=settings.influencer_currencies,
        ),
        dedupe_capacity=settings.dedupe_ids,
        scorer_with_terms=make_scorer_with_terms(settings.sentiment, settings.sentiment_cache),
        id_key=secrets.token_bytes(KEY_BYTES),
    )
