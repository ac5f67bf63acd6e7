"""The draft of a definition: YAML with a comment at everything that a person may want to change."""

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams.drafts.fees import plain
from streams.drafts.roster import RosterInfluencer

_GO_LIVE: Final = timedelta(minutes=30)


class GiveawayDraft(Struct, frozen=True, kw_only=True):
    """The rules that were asked for; local times are of the campaign's zone."""

    opens_at: datetime
    closes_at: datetime
    winners: int
    friends: int
    hashtags: tuple[str, ...]
    keywords: tuple[str, ...]
    posts: tuple[str, ...]
    replies_count: bool
    excluded: tuple[str, ...]
    minutes_after_closing: int | None


class Draft(Struct, frozen=True, kw_only=True):
    """What is known of a campaign; times are local, of ``zone``."""

    campaign_id: str
    name: str
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    currency: str
    dated: date
    influencers: Sequence[RosterInfluencer]
    giveaway: GiveawayDraft | None


def draft_text(draft: Draft) -> str:
    """Return the YAML of a draft."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: Draft) -> Iterator[str]:
    yield f"# Draft of a campaign's definition. Check it: campaign-pulse campaigns check {draft.campaign_id}.yaml"
    yield "# Publish it for workers: campaign-pulse campaigns apply; or use it on files: campaign-pulse giveaway run."
    yield f"campaign_id: {_text(draft.campaign_id)}  # as events carry it; it does not change any more"
    yield f"name: {_text(draft.name)}"
    yield f"# {draft.zone.key}. Events outside these times count as well; rules and alerts go by them."
    yield f"starts_at: {_moment(draft.starts_at, draft.zone)}"
    yield f"ends_at: {_moment(draft.ends_at, draft.zone)}"
    yield "# Whose an order is that has codes of several influencers: of the first code's, the last one's, or split."
    yield "# several_codes: first"
    yield "# Prices for earned media value, as agreed on a day."
    for line in (
        "rate_card:",
        f"  currency: {draft.currency}",
        f"  dated: {_text(draft.dated.isoformat())}",
        '  like: "0.05"',
        '  comment: "0.50"',
        '  share: "0.80"',
        '  save: "0.40"',
        '  thousand_views: "4.00"',
    ):
        yield f"# {line}"
    yield "# Planned moments that are no reason for an alert."
    yield "# alerts:"
    yield "#   muted_moments:"
    start, later = (_moment(each, draft.zone) for each in (draft.starts_at, draft.starts_at + _GO_LIVE))
    yield f"#     - {{ label: go-live, starts_at: {start}, ends_at: {later} }}"
    if draft.giveaway is None:
        yield "# giveaway: the rules of a giveaway (docs/giveaway.md); define it before the first comment comes."
    else:
        yield from _giveaway(draft.giveaway, draft.zone)
    yield from _influencers(draft.influencers)


def _giveaway(rules: GiveawayDraft, zone: ZoneInfo) -> Iterator[str]:
    yield "# What makes an entry. Try it: campaign-pulse giveaway check FILE; every rule: docs/giveaway.md."
    yield "giveaway:"
    yield f"  opens_at: {_text(_local(rules.opens_at))}"
    yield f"  closes_at: {_text(_local(rules.closes_at))}  # the end is not included"
    yield f"  time_zone: {zone.key}"
    yield _listed("posts", rules.posts, "post ids as the platform numbers them; none: every post of the campaign")
    yield f"  replies_count: {'true' if rules.replies_count else 'false'}  # whether an answer to a comment is an entry"
    yield f"  friends: {rules.friends}  # how many others must be tagged"
    yield _listed("hashtags", rules.hashtags, "all of them")
    yield _listed("keywords", rules.keywords, "one of them, as a whole word")
    yield "  chances: per_person  # or per_friend, per_day, per_comment"
    yield _listed("excluded", rules.excluded, "staff and the brand; the campaign's influencers are excluded anyway")
    yield f"  winners: {rules.winners}"
    drawn = "which public random value decides (drand): the first so long after the closing, chosen by nobody"
    minutes = 60 if rules.minutes_after_closing is None else rules.minutes_after_closing
    mark = "# " if rules.minutes_after_closing is None else ""
    yield f"  {mark}draw: {{ minutes_after_closing: {minutes} }}  # {drawn}"
    yield "  # Suspected entrants: flagged (shown), held back or excluded from these scores on."
    yield "  # suspicion: { flag: 0.5, hold: 0.8, exclude: 0.95 }"
    yield '  # countries: ["DE", "AT"]'
    yield "  # bonus: { chances: 1, most: 3 }  # for each order with a code of the campaign"


def _influencers(influencers: Sequence[RosterInfluencer]) -> Iterator[str]:
    yield "# influencer_id is what events carry. Codes and links say whose an order is (docs/statistics.md)."
    if not influencers:
        yield "influencers: []"
        yield '#  - { influencer_id: ana, handle: "@ana", platform: instagram, discount_codes: [ANA10] }'
        return
    yield "influencers:"
    for each in influencers:
        yield f"  - influencer_id: {_text(each.influencer_id)}"
        check = "  # made of the name: check it" if each.from_name else ""
        yield f"    handle: {_text(each.handle)}{check}"
        yield f"    platform: {_text(each.platform)}"
        if each.followers is not None:
            yield f"    followers: {each.followers}"
        if each.codes:
            yield f"    discount_codes: [{', '.join(map(_text, each.codes))}]"
        else:
            yield "    # discount_codes: []"
        if each.fee is not None:
            amount, currency = _text(plain(each.fee.amount)), each.fee.currency
            yield f"    fee: {{ amount: {amount}, currency: {currency} }}  # for the report"


def _listed(field: str, values: Sequence[str], meaning: str) -> str:
    if not values:
        return f"  # {field}: []  # {meaning}"
    return f"  {field}: [{', '.join(map(_text, values))}]  # {meaning}"


def _moment(local: datetime, zone: ZoneInfo) -> str:
    return _text(local.replace(tzinfo=zone).isoformat(timespec="minutes"))


def _local(local: datetime) -> str:
    return local.isoformat(sep=" ", timespec="minutes")


def _text(value: str) -> str:
    # JSON strings are YAML's double-quoted ones.
    return json.dumps(value, ensure_ascii=False)
