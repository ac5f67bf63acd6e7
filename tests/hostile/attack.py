"""What somebody sends who may write events and wants the worker to stop, to grow, or to forget what others sent.

Every event is valid by the contract (``docs/events.md``): what is not goes to the dead letters, which ``tests.fuzz``
looks at. Nothing is of the campaign whose numbers are compared; one campaign is besieged, the others are made up.
"""

import random
import string
from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from models.currencies import CURRENCIES
from models.times import HOUR_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from tests.properties.hostile_shapes import LONGEST, WORST
from tests.unit.collisions import colliding_ids

BESIEGED: Final = "besieged"
"""A campaign that is defined, with one influencer, ``besieged-one``, and a giveaway."""
_LONGEST_ID: Final = 256
_COLLIDING: Final = 2_000
_LONG_TEXTS: Final = 0.02
"""Share of the longest texts: each is as large as two hundred ordinary events."""
_SPREAD_MS: Final = 6 * HOUR_MS


class Attack(NamedTuple):
    """One event, its topic, and what it is there for."""

    kind: str
    topic: str
    event: dict[str, Any]


class Attacker:
    """Makes events without end.

    Args:
        seed: where every chance comes from.
        now_ms: the worker's clock; no event is of a later time.
    """

    def __init__(self, seed: int, now_ms: int) -> None:
        self._chance = random.Random(seed)
        self._now_ms = now_ms
        self._sent = 0
        self._platform, self._colliding = colliding_ids(_COLLIDING)
        self._currencies = sorted(CURRENCIES)
        self._shapes = list(WORST.values())
        self._kinds: list[Callable[[], Attack]] = [
            self._made_up_campaign,
            self._made_up_campaign,
            self._made_up_influencer,
            self._made_up_post,
            self._made_up_currency,
            self._made_up_order,
            self._made_up_person,
            self._made_up_platform,
            self._order_of_many_events,
            self._longest_names,
            self._colliding_id,
        ]

    def attacks(self) -> Iterator[Attack]:
        """Yield one after the other, without end."""
        while True:
            self._sent += 1
            if self._chance.random() < _LONG_TEXTS:
                yield self._longest_text()
            else:
                yield self._chance.choice(self._kinds)()

    def _event(self, tag: str, **changes: Any) -> dict[str, Any]:
        return {
            "type": tag,
            "event_id": f"hostile-{self._sent}",
            "campaign_id": BESIEGED,
            "influencer_id": "besieged-one",
            "platform": "instagram",
            "occurred_at": self._now_ms - 1 - self._chance.randrange(_SPREAD_MS),
            **changes,
        }

    def _comment(self, **changes: Any) -> dict[str, Any]:
        own = {"comment_id": f"k{self._sent}", "post_id": "post", "author_id": f"a{self._sent}", "text": "so nice"}
        return self._event("comment.created", **{**own, **changes})

    def _purchase(self, **changes: Any) -> dict[str, Any]:
        own = {"order_id": f"o{self._sent}", "amount": "9.99", "currency": "EUR"}
        return self._event("purchase", **{**own, **changes})

    def _name(self, length: int = 20) -> str:
        return "".join(self._chance.choices(string.ascii_letters + "éß中😀\u0301\u202e", k=length))

    def _made_up_campaign(self) -> Attack:
        campaign_id, influencer_id = f"made-up-{self._sent}", self._name()
        topic, event = self._chance.choice(
            (
                (COMMENTS, self._comment()),
                (POSTS, self._event("post.metrics", post_id="p", likes=10**12, views=10**12, followers=10**12)),
                (CONVERSIONS, self._purchase()),
                (CONVERSIONS, self._event("click")),
            )
        )
        return Attack("campaign", topic, {**event, "campaign_id": campaign_id, "influencer_id": influencer_id})

    def _made_up_influencer(self) -> Attack:
        return Attack("influencer", COMMENTS, self._comment(influencer_id=f"made-up-{self._sent}"))

    def _made_up_post(self) -> Attack:
        event = self._event("post.metrics", post_id=f"p{self._sent}", likes=self._chance.randrange(10**12), views=1)
        return Attack("post", POSTS, event)

    def _made_up_currency(self) -> Attack:
        return Attack(
            "currency",
            CONVERSIONS,
            self._purchase(currency=self._chance.choice(self._currencies), amount="999999999999.999999"),
        )

    def _made_up_order(self) -> Attack:
        if self._chance.random() < 0.5:
            return Attack(
                "order", CONVERSIONS, self._event("refund", order_id=self._name(), amount="5", currency="EUR")
            )
        return Attack(
            "order", CONVERSIONS, self._purchase(author_id=f"a{self._sent}", discount_codes=[self._name()] * 50)
        )

    def _made_up_person(self) -> Attack:
        tagged = " ".join(f"@{self._name(12)}" for _ in range(20))
        return Attack("person", COMMENTS, self._comment(author_handle=self._name(250), text=tagged))

    def _made_up_platform(self) -> Attack:
        return Attack("platform", COMMENTS, self._comment(platform=f"platform-{self._sent}", country=self._name()))

    def _order_of_many_events(self) -> Attack:
        return Attack("events of one order", CONVERSIONS, self._purchase(order_id=f"many-{self._chance.randrange(4)}"))

    def _longest_names(self) -> Attack:
        names = ("event_id", "comment_id", "author_id", "post_id", "platform", "parent_id", "author_handle")
        return Attack("longest names", COMMENTS, self._comment(**{name: self._name(_LONGEST_ID) for name in names}))

    def _colliding_id(self) -> Attack:
        one = self._chance.choice(self._colliding)
        event = self._comment(platform=self._platform, event_id=one, comment_id=one, author_id=one)
        return Attack("colliding id", COMMENTS, event)

    def _longest_text(self) -> Attack:
        return Attack("longest text", COMMENTS, self._comment(text=self._chance.choice(self._shapes)(LONGEST)))
