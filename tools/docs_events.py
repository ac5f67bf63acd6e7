"""The generated parts of docs/events.md: fields of every event type, and dead letters with an example each."""

import json
from datetime import UTC, datetime, timedelta
from inspect import getdoc as inspect_doc
from typing import Any, Final

from msgspec import inspect

from models.campaigns import CampaignDefinition
from models.currencies import NO_CURRENCY
from models.deadletters import VALUE_REASONS, DeadLetter
from models.events import EVENT_TYPES, Envelope
from models.topics import COMMENTS, CONVERSIONS, POSTS
from streams.events.decode import MAX_EVENT_BYTES, TOPIC_OF_TYPE, tag_of
from streams.orders.book import MOST_EVENTS
from streams.pipeline.limits import Limits
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.sentiment.scorers import make_scorer
from tools.docs_reference import table

_PATTERNS = {
    "^[0-9]{1,12}(\\.[0-9]{1,6})?$(?!\\n)": "`12.50`: at most 12 digits before and 6 after the point",
    "^[A-Z]{3}$(?!\\n)": "ISO 4217, upper case",
}
_MEANINGS = {
    "event_id": "unique per topic and `platform`; a redelivery repeats it",
    "campaign_id": "the campaign; one that no definition names counts too, unless it is quarantined",
    "platform": "where it happened: `instagram`, `shop`, ...; `Instagram` is the same",
    "occurred_at": "the event time",
    "time_source": "where the producer took that time from",
    "influencer_id": "the influencer",
    "post_id": "the post, unique per influencer",
    "likes": "likes so far",
    "comments": "comments so far, as the platform says",
    "shares": "shares so far",
    "saves": "saves so far",
    "views": "views so far",
    "reach": "people reached so far",
    "followers": "followers of the influencer now",
    "kind": "`like`, `share`, `save`, `view`, or what platforms call these (docs/statistics.md), in any case; other "
    "words count as another reaction",
    "count": "how many",
    "comment_id": "the comment",
    "author_id": "the person, unique per platform: counted, kept in the ledger of a giveaway, in no metric or log",
    "author_platform": "platform of `author_id`; absent: that of the event",
    "country": "ISO 3166-1 alpha-2; absent: unknown",
    "text": "as written; scored for sentiment",
    "author_handle": "as shown",
    "parent_id": "the comment it replies to",
    "discount_code": "code used, in any spelling; several with `,`, `;` or `|` between them",
    "discount_codes": "further codes, one each, in the order of their use",
    "refund_id": "the refund, unique within its order; absent: equal ones of one moment are one",
    "click_id": "id of the tracked click",
    "utm_source": "UTM value of the link",
    "utm_medium": "UTM value of the link",
    "utm_campaign": "UTM value of the link",
    "utm_term": "UTM value of the link",
    "utm_content": "UTM value of the link",
    "test": "a test; counts in `test_orders` at most",
    "order_id": "the order",
    "amount": "money, exact",
    "currency": "of `amount`",
}
_COMMON: dict[str, Any] = {"event_id": "e-1", "campaign_id": "spring", "platform": "instagram"}
_WHO: dict[str, Any] = {"influencer_id": "ana", "occurred_at": "2026-04-18T18:04:05.250+02:00"}
_POST = {"post_id": "p-1"}
EXAMPLES: dict[str, dict[str, Any]] = {
    "post.published": {**_COMMON, **_WHO, **_POST},
    "post.metrics": {**_COMMON, **_WHO, **_POST, "likes": 412, "comments": 58, "views": 9120, "followers": 12330},
    "post.reaction": {**_COMMON, **_WHO, **_POST, "kind": "like", "count": 3},
    "post.deleted": {**_COMMON, **_WHO, **_POST},
    "comment.created": {**_COMMON, **_WHO, **_POST, "comment_id": "c-1", "author_id": "u-7", "text": "I'm in! 🎉"},
    "comment.deleted": {**_COMMON, **_WHO, "comment_id": "c-1"},
    "click": {**_COMMON, "platform": "shop", "occurred_at": 1776528245250, "click_id": "ana-81f3"},
    "signup": {**_COMMON, "platform": "shop", "occurred_at": 1776528245250, "utm_source": "ana"},
    "add_to_cart": {**_COMMON, "platform": "shop", "occurred_at": 1776528245250, "influencer_id": "ana"},
    "purchase": {
        **_COMMON,
        "platform": "shop",
        "occurred_at": 1776528245250,
        "discount_code": "AnaSpring",
        "order_id": "o-1",
        "amount": "39.90",
        "currency": "EUR",
    },
    "refund": {
        **_COMMON,
        "platform": "shop",
        "occurred_at": 1776528245250,
        "refund_id": "r-1",
        "order_id": "o-1",
        "amount": "39.90",
        "currency": "EUR",
    },
}
"""One valid event of each type, without its ``type``."""


def example(tag: str) -> bytes:
    """Return the example of a type as JSON."""
    return json.dumps({"type": tag, **EXAMPLES[tag]}, ensure_ascii=False).encode()


def common_fields() -> str:
    """Return the table of the fields every event has."""
    return _field_table(inspect.type_info(Envelope).fields)  # type: ignore[attr-defined]  # a struct


def event_types() -> str:
    """Return a section for each event type."""
    common = {field.name for field in inspect.type_info(Envelope).fields}  # type: ignore[attr-defined]  # a struct
    sections = []
    for kind in EVENT_TYPES:
        tag = tag_of(kind)
        own = [field for field in inspect.type_info(kind).fields if field.name not in common]  # type: ignore[attr-defined]
        what = f"{inspect_doc(kind)} Topic `{TOPIC_OF_TYPE[kind]}`.".replace("``", "`")
        sections.append(f"### `{tag}`\n\n{what}\n\n{_field_table(own)}\n\n```json\n{example(tag).decode()}\n```")
    return "\n\n".join(sections)


def _field_table(fields: Any) -> str:
    rows = []
    for field in fields:
        kind, limits = _described(field.type)
        default = "" if field.required or field.default is None else f", default `{json.dumps(field.default)}`"
        required = "yes" if field.required else f"no{default}"
        rows.append((f"`{field.name}`", kind, required, limits, _MEANINGS[field.name]))
    return table(("field", "type", "required", "limits", "meaning"), rows)


def _described(kind: inspect.Type) -> tuple[str, str]:
    """Return a type's name and its limits."""
    match kind:
        case inspect.Metadata(type=inner):
            return _described(inner)
        case inspect.UnionType(types=types):
            parts = [_described(each) for each in types]
            return " or ".join(name for name, _ in parts), "; ".join(limits for _, limits in parts if limits)
        case inspect.StrType(min_length=low, max_length=high, pattern=pattern):
            if pattern is not None:
                return "string", _PATTERNS[pattern]
            return "string", f"{low or 0} to {high} characters"
        case inspect.IntType(ge=low, le=high):
            return "integer", f"{low} or more" if high is None else f"{low} to {high:,}"
        case inspect.DateTimeType():
            return "string", "RFC 3339 with an offset"
        case inspect.LiteralType(values=values):
            return "string", ", ".join(f"`{value}`" for value in values)
        case inspect.VarTupleType(item_type=item, max_length=most):
            name, limits = _described(item)
            return f"array of {name}", f"at most {most}; each {limits}"
        case inspect.BoolType():
            return "boolean", ""
        case inspect.NoneType():
            return "null", ""
    raise TypeError(f"no words for {kind}")


def dead_letter_headers() -> str:
    """Return the table of a dead letter's headers."""
    meanings = {
        "pulse.reason": "one of the words below",
        "pulse.detail": "for people: the field and what is wrong with it",
        "pulse.topic": "topic of the refused record",
        "pulse.partition": "its partition, decimal",
        "pulse.offset": "its offset, decimal",
    }
    letter = _refuse("click", b"")
    shown = {name: value.decode() for name, value in letter.headers()}
    rows = [(f"`{name}`", meanings[name], f"`{value}`") for name, value in shown.items()]
    return table(("header", "content (UTF-8)", "example"), rows)


_NOW_MS = 1776528300000
_LAST_OF_MANY = "the-last-of-many"
_KNOWN = "spring"


def refused_examples() -> list[tuple[str, str, bytes | None, str]]:
    """Return (reason, topic, value, how it is shown) of one refused value for each reason."""

    def changed(tag: str, **fields: Any) -> bytes:
        return json.dumps({"type": tag, **EXAMPLES[tag], **fields}, ensure_ascii=False).encode()

    lacking = {name: value for name, value in EXAMPLES["comment.created"].items() if name != "post_id"}
    deep = example("click")[:-1] + b', "more": ' + b"[" * 2_000 + b"]" * 2_000 + b"}"
    large = changed("comment.created", more="x" * MAX_EVENT_BYTES)
    return [
        ("empty_value", COMMENTS, None, "null (a tombstone), or no bytes"),
        ("too_large", COMMENTS, large, f"a value of {len(large):,} bytes"),
        (
            "invalid_utf8",
            COMMENTS,
            changed("comment.created", text="caf\u00e9").decode().encode("latin-1"),
            '`"text": "caf\\xe9"`, in Latin-1',
        ),
        ("invalid_json", COMMENTS, example("comment.created")[:60], "an event cut off in the middle"),
        ("nesting_too_deep", CONVERSIONS, deep, "`[[[[...` 2,000 deep, also in an unknown field"),
        ("unknown_type", POSTS, changed("post.published", type="post.pinned"), '`"type": "post.pinned"`'),
        ("missing_field", COMMENTS, json.dumps({"type": "comment.created", **lacking}).encode(), "no `post_id`"),
        ("wrong_type", COMMENTS, changed("comment.created", text=412), '`"text": 412`'),
        ("out_of_range", POSTS, changed("post.reaction", count=-3), '`"count": -3`'),
        ("unusable_field", POSTS, changed("post.metrics", likes=-1), '`"likes": -1` in a snapshot that has others'),
        ("unknown_currency", CONVERSIONS, changed("purchase", currency=NO_CURRENCY), f'`"currency": "{NO_CURRENCY}"`'),
        ("wrong_topic", POSTS, example("comment.created"), f"a `comment.created` in `{POSTS}`"),
        (
            "event_time_implausible",
            COMMENTS,
            changed("comment.created", occurred_at=1776528245),
            '`"occurred_at": 1776528245`: seconds',
        ),
        (
            "event_time_future",
            COMMENTS,
            changed("comment.created", occurred_at="3000-01-01T00:00:00Z"),
            '`"occurred_at": "3000-01-01T00:00:00Z"`',
        ),
        (
            "too_many_order_events",
            CONVERSIONS,
            changed("purchase", event_id=_LAST_OF_MANY),
            f"event {MOST_EVENTS + 1} of one order",
        ),
        (
            "unknown_campaign",
            COMMENTS,
            changed("comment.created", campaign_id="summer"),
            "an event of a campaign without a definition, with `PULSE_UNKNOWN_CAMPAIGNS=quarantine`",
        ),
        (
            "too_many_unknown_rows",
            COMMENTS,
            changed("comment.created", campaign_id="summer", influencer_id="somebody"),
            "one influencer more than `PULSE_UNKNOWN_ROWS` of campaigns without a definition",
        ),
        (
            "too_many_influencers",
            COMMENTS,
            changed("comment.created", campaign_id=_KNOWN, influencer_id="somebody"),
            "one influencer more than `PULSE_CAMPAIGN_INFLUENCERS` whom the definition does not name",
        ),
        (
            "too_many_posts",
            POSTS,
            changed("post.metrics", post_id="one-more"),
            "a snapshot of one post more than `PULSE_INFLUENCER_POSTS`",
        ),
        (
            "too_many_currencies",
            CONVERSIONS,
            changed("purchase", event_id="e-2", order_id="o-2", currency="CHF"),
            "an order in one currency more than `PULSE_INFLUENCER_CURRENCIES`",
        ),
    ]


def dead_letter_reasons() -> str:
    """Return the table of reasons, each with an example and the detail that the stream gives for it."""
    rows = []
    for reason, topic, value, shown in refused_examples():
        letter = _refuse_record(topic, value, reason)
        if letter.reason != reason:
            raise AssertionError(f"the example of {reason} is refused as {letter.reason}: {letter.detail}")
        rows.append((f"`{reason}`", shown, letter.detail.replace("\n", "\\n")))
    if [row[0].strip("`") for row in rows] != list(VALUE_REASONS):
        raise AssertionError("every reason needs one example, in the order of VALUE_REASONS")
    whole = "offsets up to 119, 8211 bytes; campaign.comments.v1/3: the batch at offset 17 cannot be decoded: …"
    rows.append(
        ("`undecodable_batch`", "a batch of records that `campaign-pulse skip-batch` stepped over, whole", whole)
    )
    late = "order 0: created_at is missing"
    rows.append(("`unmapped`", "an authentic delivery to the gateway of which no event can be made", late))
    fits = "purchase woo-at:order:727 fits no campaign: no definition has discount_codes 'ana10', or …"
    rows.append(("`unmatched`", "an authentic delivery to the gateway that fits no campaign", fits))
    return table(("reason", "example", "detail"), rows)


def _refuse(tag: str, value: bytes) -> DeadLetter:
    kind = next(kind for kind in EVENT_TYPES if tag_of(kind) == tag)
    return _refuse_record(TOPIC_OF_TYPE[kind], value)


_CEILINGS: Final[dict[str, dict[str, Any]]] = {
    "unknown_campaign": {"quarantine_unknown": True},
    "too_many_unknown_rows": {"unknown_rows": 1},
    "too_many_influencers": {"campaign_influencers": 1},
    "too_many_posts": {"influencer_posts": 1},
    "too_many_currencies": {"influencer_currencies": 1},
}
"""The limits under which the second of two events is refused."""
_FIRST_OF: Final = {POSTS: "post.metrics", COMMENTS: "comment.created", CONVERSIONS: "purchase"}


def _refuse_record(topic: str, value: bytes | None, reason: str = "") -> DeadLetter:
    pipeline = Pipeline(make_scorer("textblob"), 1, limits=Limits(**_CEILINGS.get(reason, {})))
    state = pipeline.assign(0)
    values = [value]
    if reason == "too_many_influencers":
        moment = datetime.fromtimestamp(_NOW_MS // 1000, UTC)
        pipeline.define(
            CampaignDefinition(
                campaign_id=_KNOWN, name="Spring", starts_at=moment, ends_at=moment + timedelta(days=1), influencers=()
            )
        )
    if reason in _CEILINGS and reason != "unknown_campaign":
        values = [example(_FIRST_OF[topic]), value]
    if value is not None and _LAST_OF_MANY.encode() in value:
        values = [value.replace(_LAST_OF_MANY.encode(), b"e-%d" % number) for number in range(MOST_EVENTS)] + [value]
    records = [FileRecord(offset, None, each) for offset, each in enumerate(values)]
    pipeline.apply(topic, 0, records, _NOW_MS)
    (letter,) = state.intake.take_dead_letters()
    return letter


def is_valid(tag: str) -> bool:
    """Tell whether the stream counts the example of a type in its topic."""
    kind = next(kind for kind in EVENT_TYPES if tag_of(kind) == tag)
    pipeline = Pipeline(make_scorer("textblob"), 1, limits=Limits())
    state = pipeline.assign(0)
    pipeline.apply(TOPIC_OF_TYPE[kind], 0, [FileRecord(0, None, example(tag))], _NOW_MS)
    return state.events_total == 1 and not state.intake.dead_letters
