"""The second stage: campaign numbers from absolute influencer snapshots.

A campaign's influencers live in different partitions, so on different workers. Each sends its own absolute numbers,
keyed by campaign; here the newest of each influencer are combined: sums add, sketches merge by maximum. Nothing is
incremental between workers, so a repeated or an older snapshot cannot double anything.

The newest is the one that stands last in the log, not the one with the largest moment: a worker whose partition was
quiet has moved its stream time on with the clock, and its successor begins again at the newest event, so that newer
numbers may be of an earlier moment.
"""

from typing import Final

import numpy as np

from models.rollups import WINDOW_NAMES, CampaignRollup, LeaderboardEntry
from streams.columns.arrays import I64, U8, U64
from streams.events.attribution import UNATTRIBUTED
from streams.events.registry import Registry
from streams.statistics.campaign_minutes import CampaignMinutes
from streams.statistics.corrections import shown
from streams.statistics.counters import COLUMN, ENGAGEMENT_COLUMNS, POST_COLUMNS, WIDTH
from streams.statistics.money import Sums, add_sums
from streams.statistics.rollups import ratio, window_stats
from streams.statistics.snapshots import WINDOWS_AND_TOTAL, InfluencerSnapshot, unique_counts
from streams.statistics.uniques import REGISTERS

LEADERBOARD_SIZE: Final = 50
_COMMENTS: Final = COLUMN["comments"]
_NO_POSTS: Final[tuple[U64, I64]] = (
    np.zeros(0, dtype=np.uint64),
    np.zeros((0, WINDOWS_AND_TOTAL, len(POST_COLUMNS)), dtype=np.int64),
)


class CampaignState:
    """The newest snapshot of each influencer of one campaign, in columns."""

    def __init__(self) -> None:
        self.members: dict[str, int] = {}
        self.as_of_ms = 0
        self._offsets: list[int] = []
        self._followers: list[int | None] = []
        self._money: list[list[Sums]] = []
        self._sums: I64 = np.zeros((0, WINDOWS_AND_TOTAL, WIDTH), dtype=np.int64)
        self._registers: U8 = np.zeros((0, WINDOWS_AND_TOTAL, REGISTERS), dtype=np.uint8)
        self._posts: list[tuple[U64, I64]] = []
        self._shared: U64 | None = None

    def put(self, snapshot: InfluencerSnapshot, offset: int) -> None:
        """Take a snapshot unless one that stands later in the log is here already."""
        member = self.members.get(snapshot.influencer_id)
        if member is None:
            member = self.members[snapshot.influencer_id] = len(self._offsets)
            self._offsets.append(-1)
            self._followers.append(None)
            self._money.append([])
            self._posts.append(_NO_POSTS)
            if member >= len(self._sums):
                self._reserve(max(1, 2 * member))
        if offset <= self._offsets[member]:
            return
        self._offsets[member] = offset
        self.as_of_ms = max(self.as_of_ms, snapshot.as_of_ms)
        self._followers[member] = snapshot.followers
        self._money[member] = snapshot.money
        posts = snapshot.posts()
        if not np.array_equal(posts[0], self._posts[member][0]):
            self._shared = None
        self._posts[member] = posts
        counters = snapshot.counters()
        self._sums[member, :, : counters.shape[1]] = counters
        self._registers[member] = snapshot.registers()

    def _reserve(self, members: int) -> None:
        sums = np.zeros((members, WINDOWS_AND_TOTAL, WIDTH), dtype=np.int64)
        sums[: len(self._sums)] = self._sums
        registers = np.zeros((members, WINDOWS_AND_TOTAL, REGISTERS), dtype=np.uint8)
        registers[: len(self._registers)] = self._registers
        self._sums, self._registers = sums, registers

    def rollup(self, campaign_id: str, registry: Registry) -> CampaignRollup:
        """Combine all members."""
        index = registry.campaigns.get(campaign_id)
        count = len(self.members)
        visible, _ = shown(self._sums[:count])
        own, taken_back = shown(self._once())
        counts, corrections = own.sum(axis=0).tolist(), taken_back.sum(axis=0).tolist()
        uniques = unique_counts(self._registers[:count].max(axis=0))
        followers = [
            known
            for influencer_id, member in self.members.items()
            if influencer_id != UNATTRIBUTED and (known := self._followers[member]) is not None
        ]
        followers_sum = sum(followers) if followers else None
        card = None if index is None else index.definition.rate_card
        return CampaignRollup(
            campaign_id=campaign_id,
            name="" if index is None else index.definition.name,
            influencers=count - (UNATTRIBUTED in self.members),
            followers=followers_sum,
            as_of_ms=self.as_of_ms,
            windows={
                name: window_stats(
                    counts[place], self._money_of(place), uniques[place], followers_sum, card, corrections[place]
                )
                for place, name in enumerate(WINDOW_NAMES)
            },
            leaderboards={name: self._leaderboard(visible[:, place]) for place, name in enumerate(WINDOW_NAMES)},
        )

    def _once(self) -> I64:
        """Return ``[member, window, counter]`` without posts of several, and last what these come to, each once.

        A post that several influencers have counts with the largest of their numbers, in each window and counter.
        """
        sums = self._sums[: len(self.members)]
        if self._shared is None:
            keys, counts = np.unique(np.concatenate([keys for keys, _ in self._posts]), return_counts=True)
            self._shared = keys[counts > 1]
        if not len(self._shared):
            return sums
        columns = list(POST_COLUMNS)
        own = np.concatenate((sums, np.zeros((1, *sums.shape[1:]), dtype=np.int64)))
        largest = np.full((len(self._shared), sums.shape[1], len(columns)), np.iinfo(np.int64).min)
        for member, (keys, parts) in enumerate(self._posts):
            places = np.flatnonzero(np.isin(keys, self._shared))
            if len(places):
                own[member][:, columns] -= parts[places].sum(axis=0)
                found = np.searchsorted(self._shared, keys[places])
                largest[found] = np.maximum(largest[found], parts[places])
        own[-1][:, columns] = largest.sum(axis=0)
        return own

    def _money_of(self, window: int) -> Sums:
        combined: Sums = {}
        for money in self._money:
            if money:
                add_sums(combined, money[window])
        return combined

    def _leaderboard(self, sums: I64) -> tuple[LeaderboardEntry, ...]:
        engagements = sums[:, list(ENGAGEMENT_COLUMNS)].sum(axis=1).tolist()
        comments = sums[:, _COMMENTS].tolist()
        all_comments = sum(comments)
        ranked = sorted(
            (-engagements[member], influencer_id, member)
            for influencer_id, member in self.members.items()
            if engagements[member] and influencer_id != UNATTRIBUTED
        )
        return tuple(
            LeaderboardEntry(
                influencer_id=influencer_id,
                engagements=-negated,
                comments=comments[member],
                share_of_voice=ratio(comments[member], all_comments),
            )
            for negated, influencer_id, member in ranked[:LEADERBOARD_SIZE]
        )


class CampaignBoard:
    """All campaigns whose snapshots this worker receives."""

    def __init__(self) -> None:
        self.campaigns: dict[str, CampaignState] = {}
        self.minutes = CampaignMinutes()
        """Their history by minute."""
        self._changed: set[str] = set()

    def put(self, snapshot: InfluencerSnapshot, offset: int) -> None:
        """Take one influencer snapshot and its offset in its partition, which is the same for a whole campaign."""
        self.campaigns.setdefault(snapshot.campaign_id, CampaignState()).put(snapshot, offset)
        self._changed.add(snapshot.campaign_id)

    def touch(self, campaign_id: str) -> None:
        """Have one campaign shown again, if it is here."""
        if campaign_id in self.campaigns:
            self._changed.add(campaign_id)
        self.minutes.touch(campaign_id)

    def touch_all(self) -> None:
        """Have every campaign shown again."""
        self._changed.update(self.campaigns)

    def take_changed(self, registry: Registry) -> list[CampaignRollup]:
        """Return the rollups of campaigns that changed since last asked."""
        changed, self._changed = self._changed, set()
        return [self.campaigns[campaign_id].rollup(campaign_id, registry) for campaign_id in sorted(changed)]

    def forget(self, campaign_id: str) -> None:
        """Drop one campaign: it was purged."""
        self.campaigns.pop(campaign_id, None)
        self.minutes.forget(campaign_id)
        self._changed.discard(campaign_id)

    def release(self) -> None:
        """Drop every campaign: other workers take over."""
        self.campaigns.clear()
        self.minutes.release()
        self._changed.clear()
