"""Posts as the state of workers knows them: when they came and went, and the platform's newest report."""

from array import array
from collections.abc import Iterable

from streams.changelog.row_records import PackedPost, RowRecord
from streams.exports.post_tally import PostFacts, PostKey
from streams.statistics.counters import SNAPSHOT_METRICS


def stored_posts(records: Iterable[RowRecord]) -> list[tuple[PostKey, PostFacts]]:
    """Return the posts of influencers, in the order of a table.

    They do not keep by post comments, who wrote them, and reactions. A post of which nothing else came is not there.
    """
    found = [
        (PostKey(record.campaign_id, post.platform or "", record.influencer_id, post_id), _facts_of(post))
        for record in records
        for post_id, post in record.posts.items()
    ]
    return sorted(found, key=lambda each: each[0])


def _facts_of(post: PackedPost) -> PostFacts:
    published, deleted = array("q", post.published), array("q", post.deleted)
    facts = PostFacts(
        published_ms=min(published, default=None),
        deleted_ms=max(deleted, default=None),
        is_whole=False,
    )
    for name, stored in zip(SNAPSHOT_METRICS, post.metrics, strict=True):
        if stored is None:
            continue
        times, values = array("q", stored[0]), array("q", stored[1])
        # A post begins with zeros that nobody has reported.
        reported = [pair for pair in zip(times, values, strict=True) if pair[1] or pair[0] not in published]
        if reported:
            facts.reported[name] = reported[-1]
            facts.reported_ms = max(reported[-1][0], facts.reported_ms or 0)
    return facts
