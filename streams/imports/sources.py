"""The table of sources: what each export is called, and the headers that it is recognised by."""

from typing import Final

from streams.imports.headers import aliases
from streams.imports.orders import OrderStyle
from streams.imports.signatures import Source, signature

_STUDIO: Final = (
    "content | videos | video & video title | videotitel & video publish time | veroffentlichungszeitpunkt des videos"
)
_ROSTER: Final = "A list of people has no events: `campaign-pulse campaigns init` drafts a definition from it."
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
            signature("date paid gmt | date created gmt | date paid & status & total & id & currency | order key"),
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
        name="etsy-orders",
        title="Etsy: sold orders",
        kind="orders",
        signatures=(
            signature("sale date & order id & order value & order total & order net | adjusted order total & status"),
        ),
        style=OrderStyle(prefix="etsy"),
        order="mdy",
    ),
    Source(
        name="stripe-payments",
        title="Stripe: payments of the dashboard",
        kind="orders",
        signatures=(
            signature(
                "id & amount & amount refunded & currency & status & created utc | created date utc "
                "& seller message | captured | customer id | converted amount"
            ),
        ),
        style=OrderStyle(kind="stripe"),
        own=aliases(
            """
            order_id: payment intent id | id
            charge_id: id
            time: created utc | created date utc
            total: amount
            refunded_at: refunded date utc
            codes: discount code metadata | discount code
            click_id: client reference id | click id metadata
            utm_source: utm source | utm source metadata
            utm_medium: utm medium | utm medium metadata
            utm_campaign: utm campaign | utm campaign metadata
            utm_content: utm content | utm content metadata
            utm_term: utm term | utm term metadata
            test: mode
            """
        ),
        note="Hooks know payments by PaymentIntent: without a column `PaymentIntent ID` both count beside each other.",
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
        name="meta-posts",
        title="Meta Business Suite: content of Instagram and Facebook",
        kind="posts",
        signatures=(
            signature("post id & account id | account username & permalink & post type & date"),
            signature("post id & page id | page name & permalink & post type & date"),
        ),
        own=aliases(
            """
            account: account id | page id
            profile: account username | page name
            period: date
            """
        ),
        order="mdy",
        note="Choose lifetime numbers there: rows of days are not taken.",
    ),
    Source(
        name="tiktok-posts",
        title="TikTok Studio: content",
        kind="posts",
        signatures=(
            signature("video title & video link & total views & total likes | likes & total comments | comments"),
        ),
        platform="tiktok",
    ),
    Source(
        name="youtube-posts",
        title="YouTube Studio: table of contents (Advanced mode)",
        kind="posts",
        signatures=(signature(f"{_STUDIO} & views | aufrufe"),),
        platform="youtube",
        own=aliases(
            """
            post_id: content | videos | video
            likes: likes | mag ich bewertungen
            comments: comments added | kommentare hinzugefügt
            """
        ),
        note="Its numbers are those of the period that was chosen in Studio: choose Lifetime.",
    ),
    Source(
        name="youtube-days",
        title="YouTube Studio: numbers of days",
        kind="figures",
        signatures=(
            signature(f"date | datum & {_STUDIO} & views | aufrufe"),
            signature("date | datum & views | aufrufe & watch time hours | wiedergabezeit stunden"),
        ),
        note="A day's own numbers are no lifetime counts: take `Table data.csv` of the same export.",
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
        name="google-forms",
        title="Google Forms: responses, where addresses are collected",
        kind="entries",
        signatures=(
            signature(
                "timestamp | zeitstempel | horodateur | marca temporal | carimbo de data hora "
                "| informazioni cronologiche | tijdstempel & <address>"
            ),
        ),
        platform="form",
        is_general=True,
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
