"""One closed minute of one campaign in one partition: a record of ``campaign.windows.v1``, keyed by campaign.

Counts are absolute, so a record that is sent twice says the same thing twice. Influencers without any event are part
of it: their zeros are the evidence of silence.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import numpy as np
from msgspec import Struct

from models.alerts import PostCount, SampleComment, WindowSample
from models.times import DAY_MS, LATEST_MS, MINUTE_MS
from streams.columns.arrays import I64
from streams.columns.formats import Format, PoisonedRecord, damaged, refuse_more_counters
from streams.columns.packed import PackedInts, check_ints, pack, unpack
from streams.events.attribution import UNATTRIBUTED
from streams.statistics.counters import COLUMN, COLUMNS_OF_COUNT, WIDTH

COUNTS: Final = (
    "engagements",
    "comments",
    "entries",
    "clicks",
    "purchases",
    "positive",
    "neutral",
    "negative",
    "code_uses",
    "code_uses_without_click",
    "unread",
    "negative_copies",
)
"""The counts of a record, named as in ``WindowSample``; append only: records with fewer have zeros."""
_LEAST_COUNTS: Final = 10
TOP_POSTS: Final = 3
SAMPLE_COMMENTS: Final = 6
TOPICS: Final = 2

_COUNT_COLUMNS: Final = [
    [COLUMN[column] for column in COLUMNS_OF_COUNT.get(name, (name,)) if column in COLUMN] for name in COUNTS
]
_IS_COUNTED: Final = np.array([[column in columns for columns in _COUNT_COLUMNS] for column in range(WIDTH)]).astype(
    np.int64
)
"""``[counter, COUNTS]``: 1 where a counter is part of a count."""


class Evidence(Struct, frozen=True, array_like=True):
    """What is shown with an alert: posts, a sample of comments, and what the comments are about."""

    top_posts: tuple[PostCount, ...] = ()
    sample_comments: tuple[SampleComment, ...] = ()
    topics: tuple[str, ...] = ()


class CampaignWindow(Struct, frozen=True, array_like=True):
    """The record. ``counts`` is ``[influencer, COUNTS]``; ``evidence``, where there is any, is by place among them."""

    version: int
    campaign_id: str
    partition: int
    minute: int
    """Window start divided by ``MINUTE_MS``."""
    influencers: list[str]
    counts: PackedInts
    evidence: dict[int, Evidence]

    @property
    def end_ms(self) -> int:
        """First event time after the window."""
        return (self.minute + 1) * MINUTE_MS


_WHAT: Final = "closed window"
_FORMAT: Final = Format(_WHAT, CampaignWindow, (int, str, int, int))
encode_window = _FORMAT.encode
_NOTHING: Final = Evidence()
_LARGEST_COUNT: Final = 1 << 52
_MOST_AHEAD_MS: Final = 366 * DAY_MS
"""A window that ends so long after it was written is damaged: every minute to come would be late behind it."""


def decode_window(data: bytes) -> CampaignWindow:
    """Read a record of this format or an older one.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, or no closed window at all.
    """
    window = _FORMAT.decode(data)
    check_window(window)
    return window


def check_window(window: CampaignWindow) -> None:
    """Check that a window can be counted.

    Raises:
        NewerRecord: it has counts that this version does not know.
        PoisonedRecord: it cannot.
    """
    influencers = len(window.influencers)
    if not influencers or len(set(window.influencers)) != influencers:
        raise damaged(_WHAT, "of nobody, or of somebody twice")
    counts, rest = divmod(window.counts.count, influencers)
    refuse_more_counters(_WHAT, counts, len(COUNTS))
    if rest or counts < _LEAST_COUNTS:
        raise damaged(_WHAT, f"{window.counts.count} counts of {influencers} influencers")
    check_ints(_WHAT, window.counts, None, 0, _LARGEST_COUNT)
    if not (0 <= window.minute <= LATEST_MS // MINUTE_MS and window.partition >= 0):
        raise damaged(_WHAT, f"minute {window.minute} of partition {window.partition}")


def read_window(key: bytes | None, data: bytes, written_at_ms: int) -> CampaignWindow:
    """Read a record of ``campaign.windows.v1``.

    Raises:
        NewerRecord: it was written by a newer version.
        PoisonedRecord: it is damaged, no closed window at all, or not of the campaign that its key names.
    """
    window = decode_window(data)
    if key != window.campaign_id.encode():
        raise PoisonedRecord("foreign_key", f"a {_WHAT} under the key {key!r}")
    if window.end_ms > written_at_ms + _MOST_AHEAD_MS:
        raise damaged(_WHAT, f"minute {window.minute}, written at {written_at_ms} ms")
    return window


def window_counts(panes: I64) -> I64:
    """Return ``[row, COUNTS]`` from one-minute panes ``[row, counter]``; corrections below zero count as none."""
    counts: I64 = panes @ _IS_COUNTED  # a third of the time of a sum for each
    np.maximum(counts, 0, out=counts)
    return counts


def make_window(
    campaign_id: str, partition: int, minute: int, influencers: list[str], counts: I64, evidence: dict[int, Evidence]
) -> CampaignWindow:
    """Return a record; ``counts`` is ``[influencer, COUNTS]``, ``evidence`` is by place in ``influencers``."""
    return CampaignWindow(_FORMAT.version, campaign_id, partition, minute, influencers, pack(counts.ravel()), evidence)


def influencer_samples(window: CampaignWindow, name_of: Callable[[str], str]) -> list[WindowSample]:
    """Return the samples of a record's influencers; unattributed conversions are the campaign's only."""
    counts = _counts(window).tolist()
    return [
        _sample(window, influencer_id, name_of(influencer_id), counts[place], window.evidence.get(place, _NOTHING))
        for place, influencer_id in enumerate(window.influencers)
        if influencer_id != UNATTRIBUTED
    ]


def campaign_sample(windows: Sequence[CampaignWindow]) -> WindowSample:
    """Return the campaign's own sample: the sum of one minute's records of all its partitions."""
    totals = sum((_counts(window).sum(axis=0) for window in windows), np.zeros(len(COUNTS), dtype=np.int64))
    return _sample(windows[0], None, "", totals.tolist(), merged(each for w in windows for each in w.evidence.values()))


def merged(parts: Iterable[Evidence]) -> Evidence:
    """Return the strongest evidence of several influencers."""
    found = list(parts)
    posts = sorted((post for part in found for post in part.top_posts), key=lambda post: -post.engagements)
    comments = sorted((each for part in found for each in part.sample_comments), key=lambda each: each.polarity)
    topics = dict.fromkeys(topic for part in found for topic in part.topics)
    return Evidence(tuple(posts[:TOP_POSTS]), tuple(comments[:SAMPLE_COMMENTS]), tuple(topics)[:TOPICS])


def _counts(window: CampaignWindow) -> I64:
    counts = unpack(window.counts).reshape(len(window.influencers), -1)
    missing = len(COUNTS) - counts.shape[1]  # an older version knew fewer
    return np.pad(counts, ((0, 0), (0, missing))) if missing else counts


def _sample(
    window: CampaignWindow, influencer_id: str | None, name: str, counts: list[int], evidence: Evidence
) -> WindowSample:
    return WindowSample(
        campaign_id=window.campaign_id,
        influencer_id=influencer_id,
        name=name,
        window_start_ms=window.minute * MINUTE_MS,
        window_end_ms=window.end_ms,
        top_posts=evidence.top_posts,
        sample_comments=evidence.sample_comments,
        topics=evidence.topics,
        **dict(zip(COUNTS, counts, strict=True)),
    )
