"""A report's sections about people and money: creators side by side, what they cost and brought, the best posts."""

from typing import Any

from streams.reports.figures import CreatorFigures, MoneyFigures
from streams.reports.parts import Parts, reported, text_of


def creators(parts: Parts) -> str:
    """Return everybody side by side."""
    words = parts.words
    headings = [
        words(key)
        for key in ("creator", "platform", "tier", "followers", "posts", "reach", "engagements", "rate_followers")
    ]
    headings += [f"{words('rate_post')} ({words('usual')})", words("rate_reach"), words("rate_views")]
    headings += [words(key) for key in ("voice", "net_sentiment", "clicks", "orders")]
    rows = [_creator(parts, each) for each in parts.report.creators]
    plain = [
        (
            each.handle,
            each.platform,
            each.tier,
            each.followers,
            each.stats.posts,
            reported(each.stats.reach),
            each.stats.engagements,
            each.stats.engagement_rate_by_followers,
            each.engagement_rate_by_post,
            each.stats.engagement_rate_by_reach,
            each.stats.engagement_rate_by_views,
            each.share_of_voice,
            None if each.stats.sentiment is None else each.stats.sentiment.net,
            each.stats.clicks,
            each.stats.purchases,
        )
        for each in parts.report.creators
    ]
    return parts.section("creators", parts.table("creators", headings, rows, plain), "wide")


def _creator(parts: Parts, creator: CreatorFigures) -> list[str]:
    words, stats = parts.words, creator.stats
    usual, rate = creator.usual, creator.engagement_rate_by_post
    told = words.share(rate, 2)
    if usual is not None and rate is not None:
        verdict = "below" if rate < usual[0] else "above" if rate > usual[1] else "within"
        band = f"{words.share(usual[0])} – {words.share(usual[1])}"
        told = f'{told} <span class="{verdict}">{words(verdict)}<br>{band}</span>'
    net = None if stats.sentiment is None else stats.sentiment.net
    return [
        text_of(creator.handle),
        text_of(creator.platform),
        text_of(creator.tier or "–"),
        words.count(creator.followers),
        words.count(stats.posts),
        words.count(reported(stats.reach)),
        words.count(stats.engagements),
        words.share(stats.engagement_rate_by_followers, 2),
        told,
        words.share(stats.engagement_rate_by_reach),
        words.share(stats.engagement_rate_by_views),
        words.share(creator.share_of_voice),
        words.share(net, 0),
        words.count(stats.clicks),
        words.count(stats.purchases),
    ]


def money(parts: Parts) -> str:
    """Return what was taken, given back and paid, by currency and by creator."""
    words, report = parts.words, parts.report
    keys = ("currency", "orders", "revenue", "refunded", "net", "fees", "return")
    headings = [words(key) for key in (*keys, "cost_by_engagement", "cost_by_order")]
    whole = parts.table(
        "money", headings, [_money(parts, each) for each in report.money], map(_plain_money, report.money)
    )
    own = [(each, money) for each in report.creators for money in each.money]
    by_creator = parts.table(
        "money-by-creator",
        [words("creator"), *headings],
        [[text_of(each.handle), *_money(parts, money)] for each, money in own],
        [(each.handle, *_plain_money(money)) for each, money in own],
    )
    note = "" if any(each.fees for each in report.money) else f'<p class="note">{words("no_fees")}</p>'
    if not report.money:
        return ""
    return parts.section("money", f"{whole}{note}<h3>{words('money_by_creator')}</h3>{by_creator}")


def _money(parts: Parts, money: MoneyFigures) -> list[str]:
    words, currency = parts.words, money.currency
    amounts = [money.revenue, money.refunded, money.net, money.fees]
    return [
        text_of(currency),
        words.count(money.orders),
        *(words.money(amount, currency) for amount in amounts),
        words.count(money.return_on_fees, 2),
        words.price(money.cost_by_engagement, currency),
        words.price(money.cost_by_order, currency),
    ]


def posts(parts: Parts) -> str:
    """Return the posts with the most engagements."""
    words, posts = parts.words, parts.report.posts
    if not posts:
        return ""
    keys = ("creator", "platform", "post", "engagements", "likes", "comments", "shares", "saves", "views")
    rows = [
        [
            text_of(parts.handles.get(each.influencer_id, each.influencer_id)),
            text_of(each.platform),
            text_of(each.post_id),
            *(
                words.count(value)
                for value in (each.engagements, each.likes, each.comments, each.shares, each.saves, each.views)
            ),
        ]
        for each in posts
    ]
    plain = [
        (
            parts.handles.get(each.influencer_id, each.influencer_id),
            *(getattr(each, name) for name in ("platform", "post_id", *keys[3:])),
        )
        for each in posts
    ]
    return parts.section("best", parts.table("posts", [words(key) for key in keys], rows, plain))


def _plain_money(money: MoneyFigures) -> tuple[Any, ...]:
    return (
        money.currency,
        money.orders,
        money.revenue,
        money.refunded,
        money.net,
        money.fees,
        money.return_on_fees,
        money.cost_by_engagement,
        money.cost_by_order,
    )
