"""The table of sources: what each export is called, and the headers that it is recognised by.

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
    "<comments>": posts.ALIASES["comments"],
}
"""Groups with a name in signatures."""


def signature(text: str) -> Signature:
    """Return a signature from its text: ``&`` between groups, ``|`` between names, ``*`` for any beginning."""
    groups = (group.strip() for group in text.split("&") if group.strip())
    return tuple(
        _GROUPS[group] if group.startswith("<") else tuple(name.strip() for name in group.split("|"))
        for group in groups
    )


_ROSTER: Final = "A list of people has no events: `campaign-pulse campaigns init` drafts a definition from it."


class Source(Struct, frozen=True, kw_only=True):
    """One export. ``note`` says what a user has to know; ``order`` is how it is known to write day and month."""

    name: str
    title: str
    kind: Kind
    signatures: tuple[Signature, ...]
    platform: str = ""
    style: OrderStyle = OrderStyle(prefix="shop")
    order: DayOrder | None = None
    titled: tuple[str, ...] = ()
    """Beginnings, one of which a line above its header has, needed beside the signature."""
    note: str = ""
    is_general: bool = False
    """Whether it is the shape of a kind and no tool's: taken where no tool's header is found."""


SOURCES: Final[tuple[Source, ...]] = (
    Source(
        name="exportcomments",
        title="ExportComments: comments of any platform",
        kind="comments",
        signatures=(signature("name click to view profile & view source | comment & date & comment"),),
    ),
    Source(
        name="instagram-comments",
        title="Instagram comments: Apify, browser exporters, PhantomBuster, Graph API answers",
        kind="comments",
        signatures=(
            signature("owner username & <text> & <time> & id | comment id | comment url | post url | likes count"),
            signature("username & timestamp & text & id & like count | legacy instagram comment id | hidden"),
            signature(
                "user id & username | user name & comment id & comment text | comment "
                "& profile url | avatar url | profile pic url | is verified"
            ),
            signature("profile url & username & comment & comment date & full name | post url | query | timestamp"),
        ),
        platform="instagram",
    ),
    Source(
        name="youtube-comments",
        title="YouTube comments: Data API answers, Apify, comment downloaders",
        kind="comments",
        signatures=(
            signature(
                "author display name | author channel id | author channel url | author channel id value & <text> "
                "& <time>"
            ),
            signature("vote count | votes & cid & author & text | comment"),
            signature("video id & author & channel id | author channel | channel & <text> & <time>"),
        ),
        platform="youtube",
    ),
    Source(
        name="tiktok-comments",
        title="TikTok comments: Business API answers, Apify, browser exporters",
        kind="comments",
        signatures=(
            signature(
                "digg count | create time iso | aweme id | video web url | unique identifier & <text> "
                "& cid | comment id | unique id | username | uid"
            ),
            signature("unique id | user unique id & <text> & <time> & cid | comment id | digg count | likes"),
        ),
        platform="tiktok",
    ),
    Source(
        name="comments",
        title="comments in any table with a text, a time and an author",
        kind="comments",
        signatures=(signature("<text> & <time> & <person>"),),
        is_general=True,
    ),
    Source(
        name="shopify-orders",
        title="Shopify: orders export (CSV of the admin), orders of the Admin API",
        kind="orders",
        signatures=(
            signature(
                "name & financial status & total & created at | paid at "
                "& lineitem name | lineitem quantity | discount code | refunded amount"
            ),
            signature("id & financial status & total price & created at & currency"),
        ),
        style=OrderStyle(kind="shopify"),
    ),
    Source(
        name="woocommerce-orders",
        title="WooCommerce: order exports and analytics, orders of the REST API",
        kind="orders",
        signatures=(
            signature("order number | order id | order # & order status | status & <order time> & <total> & <coupons>"),
            signature("date paid gmt | date created gmt & status & total & id & currency | order key"),
        ),
        style=OrderStyle(kind="woocommerce"),
    ),
    Source(
        name="upfluence-orders",
        title="Upfluence: orders",
        kind="orders",
        signatures=(
            signature(
                "order id & campaign name & conversion approval | commission & amount & status & date | order date"
            ),
        ),
        style=OrderStyle(prefix="upfluence"),
        note="Amounts are without tax and shipping; the shop's own export of the same orders has them with both.",
    ),
    Source(
        name="ga4-transactions",
        title="Google Analytics 4: exploration with a transaction id",
        kind="orders",
        signatures=(signature("transaction id & purchase revenue | total revenue | revenue & date"),),
        style=OrderStyle(prefix="ga4"),
        note="A day without a time: orders stand at noon of --zone. Do not import them beside the shop's own orders.",
    ),
    Source(
        name="orders",
        title="orders in any table with an order id, a time and a total",
        kind="orders",
        signatures=(signature("<order id> & <order time> & <total>"),),
        is_general=True,
    ),
    Source(
        name="hootsuite-posts",
        title="Hootsuite: post performance, Analytics API answers",
        kind="posts",
        signatures=(
            signature(
                "post id & social network & post permalink "
                "& likes | comments | shares | reach | impressions | video views"
            ),
            signature("external id & last refreshed & external profile id | source link"),
        ),
    ),
    Source(
        name="sprout-posts",
        title="Sprout Social: post performance, Analytics API answers",
        kind="posts",
        signatures=(
            signature(
                "date & post id & network & profile & engagements | impressions | reactions "
                "& sent by | content type | post type"
            ),
            signature("guid & perma link & network"),
        ),
        order="mdy",
    ),
    Source(
        name="traackr-posts",
        title="Traackr: posts of a campaign, API answers",
        kind="posts",
        signatures=(
            signature(
                "vit | potential reach & post url | url & influencer | creator & engagements | likes | video views"
            ),
            signature("creator id & metrics actualized reach | metrics reactions | metrics vit & url"),
        ),
        note="Potential reach is an estimate and is not taken.",
    ),
    Source(
        name="posts",
        title="numbers of posts in any table with a post and its likes, comments or views",
        kind="posts",
        signatures=(signature("<post> & <likes or views> & <comments>"),),
        is_general=True,
    ),
    Source(
        name="gleam-actions",
        title="Gleam: actions of a competition",
        kind="entries",
        signatures=(
            signature("action & worth & email | who | user email | name & status | when | details | date | entry id"),
        ),
        platform="gleam",
    ),
    Source(
        name="sweepwidget-entries",
        title="SweepWidget: entries",
        kind="entries",
        signatures=(
            signature("user email | email & entry type | entry method & entry amount | entries & timestamp | date"),
        ),
        platform="sweepwidget",
    ),
    Source(
        name="viralsweep-entries",
        title="ViralSweep: entries",
        kind="entries",
        signatures=(
            signature(
                "email & ip address | ip & time stamp | entry date | date entered "
                "& entry source | referral url | referral source | refer source | referral | user agent | entries "
                "| total entries | promotion id | id"
            ),
        ),
        platform="viralsweep",
    ),
    Source(
        name="rafflecopter-entries",
        title="Rafflecopter: entries",
        kind="entries",
        signatures=(
            signature("entry & email & extra info | extra information | worth | ip address & timestamp | date | time"),
        ),
        platform="rafflecopter",
        order="mdy",
    ),
    Source(
        name="entries",
        is_general=True,
        title="entries of any giveaway form with an address and a time",
        kind="entries",
        signatures=(signature("<address> & <entry time> & <of an entry>"),),
        platform="form",
    ),
    Source(
        name="ga4-bigquery",
        title="Google Analytics 4: BigQuery export (JSON lines)",
        kind="analytics",
        signatures=(signature("event timestamp & event name & user pseudo id"),),
        note="Do not import its purchases beside the shop's own orders: both are revenue.",
    ),
    Source(
        name="ga4-report",
        title="Google Analytics 4: reports and explorations (totals of days)",
        kind="figures",
        signatures=(signature(""),),
        titled=("# ", "#-"),
        note="Totals of days are no events, but a comparison. An exploration with the transaction id has orders.",
    ),
    Source(
        name="hootsuite-accounts",
        title="Hootsuite: numbers of accounts by day",
        kind="figures",
        signatures=(signature("* daily | * overall & date gmt | date"),),
        note="A day's own numbers are no lifetime counts: export post performance.",
    ),
    Source(
        name="sprout-profiles",
        title="Sprout Social: profile performance by day",
        kind="figures",
        signatures=(
            signature(
                "date & network & profile & audience | followers "
                "& net audience growth | audience gained | net follower growth | published posts"
            ),
        ),
        note="A day's own numbers are no lifetime counts: export post performance.",
    ),
    Source(
        name="aspire-sales",
        title="Aspire: sales tracking (totals of members)",
        kind="figures",
        signatures=(signature("offer & clicks & conversions & sales | commission"),),
        note="Totals of members are no orders: import the shop's orders, where the same codes stand.",
    ),
    Source(
        name="aspire-members",
        title="Aspire: members",
        kind="roster",
        signatures=(signature("id & email & instagram | tiktok | youtube & projects | name | groups"),),
        note=_ROSTER,
    ),
    Source(
        name="upfluence-list",
        title="Upfluence: a list of influencers",
        kind="roster",
        signatures=(signature("influencer id & media url & profile name"),),
        note=_ROSTER,
    ),
    Source(
        name="events",
        title="events as docs/events.md has them (JSON lines)",
        kind="events",
        signatures=(signature("type & event id & campaign id & occurred at & platform"),),
    ),
)
_GENERIC: Final = "generic"
BY_NAME: Final = {source.name: source for source in SOURCES}


def sources_named(name: str) -> tuple[Source, ...]:
    """Return the sources that a name stands for: one, a tool's (``shopify``), or those of no tool (``generic``)."""
    key = name.strip().casefold().replace("_", "-").replace(" ", "-")
    if key == _GENERIC:
        return tuple(source for source in SOURCES if source.is_general)
    if key in BY_NAME:
        return (BY_NAME[key],)
    return tuple(source for source in SOURCES if source.name.startswith(f"{key}-")) if key else ()
