"""What platforms report about posts: snapshots on some, reactions on others."""

from random import Random

from agents.simulator.faults import Fields
from agents.simulator.people import Creator, Post
from agents.simulator.plan import SimulationPlan
from models.times import HOUR_MS

# (metric, chance that a snapshot carries it). TikTok reports likes, shares and saves as reactions.
_FULL = (("likes", 0.95), ("comments", 0.9), ("shares", 0.6), ("saves", 0.6), ("views", 0.85), ("reach", 0.7))
_CARRIED: dict[str, tuple[tuple[str, float], ...]] = {
    "youtube": (("views", 0.98), ("likes", 0.95), ("comments", 0.9)),
    "tiktok": (("views", 0.98), ("comments", 0.9), ("reach", 0.3)),
}
_SIX_HOURS_MS = 6 * HOUR_MS


def snapshot(fields: Fields, creator: Creator, post: Post, at_ms: int, plan: SimulationPlan, random: Random) -> None:
    """Fill ``fields`` with the cumulative metrics of ``post`` at ``at_ms``; some are missing, a few went down."""
    draw = random.random
    growth = post.growth(at_ms)
    if draw() < 0.04:
        growth *= 1 - 0.02 * draw()
    fields["type"] = "post.metrics"
    fields["post_id"] = post.post_id
    base = post.base
    for metric, chance in _CARRIED.get(creator.platform, _FULL):
        if draw() < chance:
            fields[metric] = int(base[metric] * growth)
    if draw() < 0.25:
        gained = 0.01 * (at_ms - plan.start_ms) / _SIX_HOURS_MS
        fields["followers"] = max(0, int(creator.followers * (1 + gained)))
    if draw() < 0.2:
        fields["time_source"] = "poll_time"


def reaction(fields: Fields, creator: Creator, post: Post, random: Random) -> None:
    """Fill ``fields`` with a number of new reactions; on platforms with snapshots only kinds without a metric."""
    draw = random.random
    chance = draw()
    kind = "duet" if creator.reacts else "super_thanks"
    if creator.reacts and chance < 0.97:
        kind = "like" if chance < 0.8 else "share" if chance < 0.9 else "save"
    fields["type"] = "post.reaction"
    fields["post_id"] = post.post_id
    fields["kind"] = kind
    if draw() < 0.9:
        fields["count"] = min(500, int((1 - draw()) ** -0.7))


def publication_times(plan: SimulationPlan, creators: list[Creator], random: Random) -> list[tuple[int, int]]:
    """Return ascending (time, index of the creator) of all posts to come.

    Most creators post within minutes of the launch, some again later; together they are at most one event in forty.
    """
    span_ms = plan.duration_seconds * 1000
    spells = max(1.0, span_ms / _SIX_HOURS_MS)
    times: list[tuple[int, int]] = []
    for index in range(len(creators)):
        first = 0.02 if random.random() < 0.6 else 0.7
        times.append((plan.start_ms + int(first * random.random() * span_ms), index))
        again = int(4 * random.random() ** 3 * spells)
        times += [(plan.start_ms + int(0.97 * random.random() * span_ms), index) for _ in range(again)]
    budget = plan.events // 40
    if len(times) > budget:
        times = random.sample(times, budget)
    return sorted(times)
