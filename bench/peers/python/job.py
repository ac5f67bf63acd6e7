"""The job in plain Python, for the peers that let their users write any Python: decoded events in, changed rows out."""

import os
import time
from datetime import UTC, datetime

import msgspec

TOPICS = ("campaign.posts.v1", "campaign.comments.v1", "campaign.conversions.v1")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Event(msgspec.Struct, gc=False):
    """What the job needs of an event; other fields are ignored."""

    type: str
    event_id: str
    platform: str
    occurred_at: datetime | int
    post_id: str | None = None
    likes: int | None = None
    shares: int | None = None
    saves: int | None = None
    kind: str | None = None
    count: int = 1
    test: bool = False
    amount: str | None = None
    currency: str | None = None


decode = msgspec.json.Decoder(Event).decode


def millis(time_: datetime | int) -> int:
    if type(time_) is int:
        return time_
    since = time_ - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def micros(amount: str) -> int:
    whole, _, part = amount.partition(".")
    return int(whole) * 1_000_000 + int(part.ljust(6, "0"))


def snapshot(posts: dict, post_id: str, ms: int, values: tuple) -> int:
    """Take a snapshot of a post and return what it changes. ``posts``: id to [time, value] of likes, shares, saves."""
    known = posts.get(post_id)
    if known is None:
        known = posts[post_id] = [(-1, 0), (-1, 0), (-1, 0)]
    delta = 0
    for metric, value in enumerate(values):
        if value is not None and (ms, value) > tuple(known[metric]):
            delta += value - known[metric][1]
            known[metric] = (ms, value)
    return delta


def delta(event: Event, ms: int, posts: dict) -> tuple:
    """Return comments, engagements, conversions, currency, millionths."""
    kind = event.type
    if kind == "comment.created":
        return 1, 1, 0, None, 0
    if kind == "post.metrics":
        return 0, snapshot(posts, event.post_id, ms, (event.likes, event.shares, event.saves)), 0, None, 0
    if kind == "post.reaction":
        return 0, event.count if event.kind in ("like", "share", "save") else 0, 0, None, 0
    if kind == "post.published":
        return 0, snapshot(posts, event.post_id, ms, (0, 0, 0)), 0, None, 0
    if kind in ("click", "signup", "add_to_cart", "purchase", "refund") and not event.test:
        if kind == "purchase":
            return 0, 0, 1, event.currency, micros(event.amount)
        return 0, 0, 1, None, 0
    return 0, 0, 0, None, 0


def add(stats: list, comments: int, engagements: int, conversions: int, currency: str | None, money: int) -> None:
    """``stats``: [comments, engagements, conversions, {currency: millionths}]."""
    stats[0] += comments
    stats[1] += engagements
    stats[2] += conversions
    if currency is not None:
        stats[3][currency] = stats[3].get(currency, 0) + money


def text(stats: list) -> str:
    return ",".join([*map(str, stats[:3]), *(f"{c}={m}" for c, m in sorted(stats[3].items()))])


class Row:
    """One influencer: ids, posts, total, windows, and which windows changed since they were shown."""

    __slots__ = ("changed_fives", "changed_minutes", "events", "fives", "minutes", "posts", "seen", "total")

    def __init__(self) -> None:
        self.events = 0
        self.seen: set[str] = set()
        self.posts: dict = {}
        self.total = [0, 0, 0, {}]
        self.minutes: dict[int, list] = {}
        self.fives: dict[int, list] = {}
        self.changed_minutes: set[int] = set()
        self.changed_fives: set[int] = set()

    def count(self, topic: str, event: Event) -> bool:
        """Count an event, or tell that it was counted before."""
        event_id = topic[9:12] + event.platform + "\0" + event.event_id
        if event_id in self.seen:
            return False
        self.seen.add(event_id)
        self.events += 1
        ms = millis(event.occurred_at)
        change = delta(event, ms, self.posts)
        if change[0] or change[1] or change[2]:
            add(self.total, *change)
            minute, five = ms - ms % 60_000, ms - ms % 300_000
            stats = self.minutes.get(minute)
            if stats is None:
                stats = self.minutes[minute] = [0, 0, 0, {}]
            add(stats, *change)
            stats = self.fives.get(five)
            if stats is None:
                stats = self.fives[five] = [0, 0, 0, {}]
            add(stats, *change)
            self.changed_minutes.add(minute)
            self.changed_fives.add(five)
        return True

    def changed(self) -> dict[str, str]:
        """Return the fields to write: the total, and the windows that changed since the last time."""
        fields = total_fields(self.events, self.total)
        for label, windows, changed in (
            ("1m", self.minutes, self.changed_minutes),
            ("5m", self.fives, self.changed_fives),
        ):
            for start in changed:
                fields[f"{label}:{start}"] = text(windows[start])
            changed.clear()
        return fields


def total_fields(events: int, total: list) -> dict[str, str]:
    fields = {
        "events": str(events),
        "comments": str(total[0]),
        "engagements": str(total[1]),
        "conversions": str(total[2]),
    }
    for currency, money in total[3].items():
        fields[f"rev:{currency}"] = str(money)
    return fields


_noted = False


def first() -> None:
    """Note when the first event was processed."""
    global _noted
    if not _noted:
        _noted = True
        with open(os.environ["PEER_FIRST_FILE"], "w") as out:
            out.write(repr(time.time()))
