"""Who posts: creators with a heavy-tailed popularity, and posts whose numbers grow along a curve."""

import math
from bisect import bisect_right
from itertools import accumulate
from random import Random

from agents.simulator.attribution import UTM_FIELDS
from agents.simulator.texts import LANGUAGES
from models.campaigns import CampaignDefinition

MARKETS = {"en": ("USD", "GBP"), "es": ("EUR", "MXN"), "pt": ("BRL", "EUR"), "fr": ("EUR", "CHF"), "de": ("EUR", "CHF")}
RARE_CURRENCIES = ("JPY", "KWD")  # without and with three decimals
REACTION_PLATFORMS = frozenset({"tiktok"})
"""Platforms that report likes, shares and saves as reactions; all others report them as snapshots. Never both."""

SHARED_AUTHORS = 20_000
"""The people who follow several of the creators; their numbers come first."""


class Post:
    """One post: its metrics are ``base * (1 - exp(-age / tau))``, plus a boost while it goes viral."""

    __slots__ = ("base", "boost", "boost_end_ms", "boost_start_ms", "last_ms", "post_id", "published_ms", "tau_ms")

    def __init__(self, post_id: str, published_ms: int, base: dict[str, float], tau_ms: float) -> None:
        """Create a post whose metrics approach ``base``."""
        self.post_id = post_id
        self.published_ms = published_ms
        self.base = base
        self.tau_ms = tau_ms
        self.boost = 0.0
        self.boost_start_ms = self.boost_end_ms = 0
        self.last_ms = published_ms

    def growth(self, at_ms: int) -> float:
        """Return the share of ``base`` reached at ``at_ms``; above 1 after going viral."""
        grown = 1 - math.exp((self.published_ms - at_ms) / self.tau_ms)
        if self.boost and at_ms > self.boost_start_ms:
            span = self.boost_end_ms - self.boost_start_ms
            grown += self.boost * min(1.0, (at_ms - self.boost_start_ms) / span)
        return grown


class Creator:
    """One influencer of one campaign and what it needs to produce events."""

    __slots__ = (
        "author_base", "authors", "campaign_id", "click_prefixes", "codes", "currencies", "followers", "influencer_id",
        "key", "language", "links", "platform", "posts", "reacts", "weight",
    )  # fmt: skip

    def __init__(self, campaign_id: str, influencer_id: str, platform: str, followers: int, language: str) -> None:
        """Create a creator without posts, codes or links."""
        self.campaign_id = campaign_id
        self.influencer_id = influencer_id
        self.platform = platform
        self.followers = followers
        self.language = language
        self.currencies = MARKETS[language]
        self.key = influencer_id.encode()
        self.reacts = platform in REACTION_PLATFORMS
        self.posts: list[Post] = []
        self.codes: tuple[str, ...] = ()
        self.click_prefixes: tuple[str, ...] = ()
        self.links: tuple[dict[str, str], ...] = ()
        self.weight = 1.0
        self.author_base = SHARED_AUTHORS
        self.authors = max(50, followers)

    def pick_post(self, at_ms: int, random: Random) -> Post:
        """Return a post that was online at ``at_ms``, more likely a new one. The oldest one always was."""
        for post in reversed(self.posts):
            if post.published_ms <= at_ms and random.random() < 0.6:
                return post
        return self.posts[0]

    def pick_author(self, random: Random) -> int:
        """Return the number of a person: some comment all the time, most of them once."""
        draw = random.random
        if draw() < 0.25:
            return int(SHARED_AUTHORS * draw() ** 3)
        return self.author_base + int(self.authors * draw() ** 2.5)

    def new_base(self, random: Random) -> dict[str, float]:
        """Draw what a post of this creator will reach; log-normal, so that a few posts do far better."""
        likes = self.followers * 0.05 * math.exp(random.gauss(0, 0.7))
        share = random.uniform
        return {
            "likes": likes,
            "comments": likes * share(0.03, 0.12),
            "shares": likes * share(0.02, 0.08),
            "saves": likes * share(0.02, 0.15),
            "views": likes * share(6, 14),
            "reach": likes * share(4, 9),
        }


class Population:
    """All creators, drawn by popularity."""

    def __init__(self, creators: list[Creator], random: Random) -> None:
        """Rank the creators at random within each size and weigh them by rank (Zipf, exponent 0.9)."""
        self.creators = creators
        ranked = sorted(creators, key=lambda c: c.followers * math.exp(random.gauss(0, 1)), reverse=True)
        for rank, creator in enumerate(ranked, start=1):
            creator.weight = rank**-0.9
        self.by_popularity = ranked
        base = SHARED_AUTHORS
        for creator in creators:
            creator.author_base = base
            base += creator.authors
        self._cumulative = list(accumulate(creator.weight for creator in creators))
        self._total = self._cumulative[-1]

    def pick(self, random: Random) -> Creator:
        """Draw a creator by popularity."""
        at = bisect_right(self._cumulative, random.random() * self._total)
        return self.creators[min(at, len(self.creators) - 1)]


def creators_of(definition: CampaignDefinition, random: Random) -> list[Creator]:
    """Turn a definition into creators, with a language each."""
    creators = []
    for influencer in definition.influencers:
        creator = Creator(
            definition.campaign_id,
            influencer.influencer_id,
            influencer.platform,
            # Unknown followers: a size must be assumed to draw numbers from, it is never reported.
            influencer.followers if influencer.followers else 10_000,
            LANGUAGES[int(len(LANGUAGES) * random.random() ** 1.5)],
        )
        creator.codes = influencer.discount_codes
        creator.click_prefixes = influencer.click_ids
        creator.links = tuple(
            {name: value for name in UTM_FIELDS if (value := getattr(link, name))} for link in influencer.links
        )
        creators.append(creator)
    return creators
