"""What a source of exports is: its name, the headers that it is recognised by, and what it does its own way.

A signature is a list of groups; a header matches when it has one name of every group. The signature with the most
groups wins, so that a tool is told from the general shape of its kind.
"""

from typing import Final, Literal

from msgspec import Struct

from streams.imports import analytics, comments, entries, order_words, posts
from streams.imports.headers import Aliases
from streams.imports.moments import DayOrder
from streams.imports.orders import OrderStyle

Kind = Literal["comments", "orders", "posts", "entries", "analytics", "events", "figures", "roster"]
Signature = tuple[tuple[str, ...], ...]
ALIASES: Final[dict[str, Aliases]] = {
    "comments": comments.ALIASES,
    "orders": order_words.ALIASES,
    "posts": posts.ALIASES,
    "entries": entries.ALIASES,
    "analytics": analytics.ALIASES,
    "events": {},
    "figures": {},
    "roster": {},
}
NEEDED: Final[dict[str, Signature]] = {
    "comments": (("text", "html"), ("time",), ("username", "user_id", "profile_url")),
    "orders": (("order_id", "name"), ("time", "paid_at"), ("total",)),
    "posts": (("post_id", "link"), ("likes", "comments", "shares", "saves", "views", "reach")),
    "entries": (("email", "name"), ("time",)),
    "analytics": (("name",), ("timestamp",)),
    "events": (),
    "figures": (),
    "roster": (),
}
"""The fields without which nothing of a kind can be read; one of each group."""
_GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "<text>": comments.ALIASES["text"] + comments.ALIASES["html"],
    "<time>": comments.ALIASES["time"],
    "<person>": comments.ALIASES["username"] + comments.ALIASES["user_id"],
    "<order time>": order_words.ALIASES["time"] + order_words.ALIASES["paid_at"],
    "<order id>": tuple(
        name for name in order_words.ALIASES["order_id"] if name not in ("id", "transaction id", "order")
    ),
    "<total>": order_words.ALIASES["total"],
    "<coupons>": tuple(name for name in order_words.ALIASES["codes"] if name.startswith(("coupon", "used coupon"))),
    "<post>": posts.ALIASES["post_id"] + posts.ALIASES["link"],
    "<likes or views>": posts.ALIASES["likes"] + posts.ALIASES["views"],
    "<address>": entries.ALIASES["email"],
    "<entry time>": entries.ALIASES["time"],
    "<of an entry>": (*entries.ALIASES["action"], *entries.ALIASES["amount"], "ip address", "entry id"),
    "<comments>": tuple(name for name in posts.ALIASES["comments"] if name != "replies"),
}
"""Groups with a name in signatures."""


def signature(text: str) -> Signature:
    """Return a signature from its text: ``&`` between groups, ``|`` between names, ``*`` for any beginning."""
    groups = (group.strip() for group in text.split("&") if group.strip())
    return tuple(
        _GROUPS[group] if group.startswith("<") else tuple(name.strip() for name in group.split("|"))
        for group in groups
    )


class Source(Struct, frozen=True, kw_only=True):
    """One export. ``note`` says what a user has to know; ``order`` is how it is known to write day and month."""

    name: str
    title: str
    kind: Kind
    signatures: tuple[Signature, ...]
    platform: str = ""
    style: OrderStyle = OrderStyle(prefix="shop")
    order: DayOrder | None = None
    own: Aliases = {}
    """Headers of its own by field, which go before those that its kind has: `Content` of YouTube Studio is an id."""
    titled: tuple[str, ...] = ()
    """Beginnings, one of which a line above its header has, needed beside the signature."""
    note: str = ""
    is_general: bool = False
    """Whether it is the shape of a kind and no tool's: taken where no tool's header is found."""

    @property
    def aliases(self) -> Aliases:
        """The headers that its fields may have."""
        return {**ALIASES[self.kind], **self.own}
