"""What events say of each post: for tables; the numbers of influencers come from the pipeline."""

from collections.abc import Iterator
from typing import NamedTuple

from msgspec import Struct

from models.events import (
    CommentCreated,
    CommentDeleted,
    Event,
    PostDeleted,
    PostMetrics,
    PostPublished,
    PostReaction,
)
from models.times import epoch_ms

_METRICS = ("likes", "comments", "shares", "saves", "views", "reach")


class PostKey(NamedTuple):
    """What makes a post one."""

    campaign_id: str
    platform: str
    influencer_id: str
    post_id: str


class PostFacts(Struct):
    """One post. ``comments`` are those that are there, with their authors; ``reported`` are newest times and values.

    ``is_whole`` says whether comments and reactions are known.
    """

    published_ms: int | None = None
    deleted_ms: int | None = None
    reported_ms: int | None = None
    comments: dict[str, str] = {}
    reported: dict[str, tuple[int, int]] = {}
    reactions: int = 0
    is_whole: bool = True


class PostTally:
    """Collects events, each of which counts once, in whatever order they come."""

    def __init__(self) -> None:
        self._posts: dict[PostKey, PostFacts] = {}
        self._seen: set[tuple[str, str, str]] = set()
        self._deleted: set[tuple[str, str, str]] = set()

    def take(self, event: Event) -> None:
        """Take an event; those that are of no post change nothing."""
        if isinstance(event, CommentDeleted):
            self._deleted.add((event.campaign_id, event.platform, event.comment_id))
        elif isinstance(event, CommentCreated):
            self._post(event).comments[event.comment_id] = event.author_id
        elif isinstance(event, PostReaction):
            mark = (event.campaign_id, event.platform, event.event_id)
            if mark not in self._seen:
                self._seen.add(mark)
                self._post(event).reactions += event.count
        elif isinstance(event, PostPublished):
            post, at_ms = self._post(event), epoch_ms(event.occurred_at)
            post.published_ms = at_ms if post.published_ms is None else min(at_ms, post.published_ms)
        elif isinstance(event, PostDeleted):
            self._post(event).deleted_ms = epoch_ms(event.occurred_at)
        elif isinstance(event, PostMetrics):
            self._report(self._post(event), event)

    def of(self, campaign_id: str) -> Iterator[tuple[PostKey, PostFacts]]:
        """Yield the posts of a campaign, by influencer and id."""
        for key in sorted(self._posts):
            if key.campaign_id == campaign_id:
                post = self._posts[key]
                for comment_id in list(post.comments):
                    if (campaign_id, key.platform, comment_id) in self._deleted:
                        del post.comments[comment_id]
                yield key, post

    def _post(self, event: CommentCreated | PostReaction | PostPublished | PostDeleted | PostMetrics) -> PostFacts:
        key = PostKey(event.campaign_id, event.platform, event.influencer_id, event.post_id)
        return self._posts.setdefault(key, PostFacts())

    def _report(self, post: PostFacts, event: PostMetrics) -> None:
        at_ms = epoch_ms(event.occurred_at)
        post.reported_ms = at_ms if post.reported_ms is None else max(at_ms, post.reported_ms)
        for name in _METRICS:
            value = getattr(event, name)
            if value is not None:
                # Of two at the same moment the larger one, as statistics take it.
                post.reported[name] = max((at_ms, value), post.reported.get(name, (at_ms, value)))
