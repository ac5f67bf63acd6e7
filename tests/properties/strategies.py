"""Random input for the properties: small pools of ids, so that duplicates, ties and shared posts happen often."""

from typing import Any

import msgspec
from hypothesis import strategies as st

from models.times import HOUR_MS, SECOND_MS
from models.topics import COMMENTS, CONVERSIONS, POSTS
from tests.unit.events import NOON_MS, value_of

CORRUPT = (b"", None, b"{", b"\xff\xfe", b'{"type":"zzz"}', b'{"type":"click"}', b"[]", b"7")
"""Values that are refused wherever they lie."""

offsets_ms = st.one_of(
    st.integers(0, 90 * 60).map(lambda seconds: seconds * SECOND_MS),
    st.integers(0, 50).map(lambda hours: hours * HOUR_MS),
)
"""Distances from noon: often within the finest windows, sometimes past the longest; all within the dedupe horizon."""

_metric = st.one_of(st.none(), st.integers(0, 50))
_order_ids = st.sampled_from(["o1", "o2", "o3", "o4"])
_people = st.one_of(st.integers(0, 5), st.integers(0, 200)).map(str)
_influencers = st.sampled_from(["ana", "bruno", "carla"])
_campaigns = st.sampled_from(["c", "c", "d"])
_details: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "post.published": st.fixed_dictionaries({"post_id": st.sampled_from("pq")}),
    "post.metrics": st.fixed_dictionaries(
        {"post_id": st.sampled_from("pq"), "likes": _metric, "views": _metric, "followers": _metric}
    ),
    "post.reaction": st.fixed_dictionaries(
        {"kind": st.sampled_from(["like", "share", "wow"]), "count": st.integers(0, 9)}
    ),
    "post.deleted": st.just({}),
    "comment.created": st.fixed_dictionaries(
        {"author_id": _people, "text": st.sampled_from(["good", "bad", "so so", "0.123456"])}
    ),
    "comment.deleted": st.just({}),
    "click": st.just({}),
    "signup": st.just({}),
    "add_to_cart": st.just({}),
    "purchase": st.fixed_dictionaries(
        {
            "order_id": _order_ids,
            "amount": st.sampled_from(["1", "0.10", "19.99", "0.000001"]),
            "currency": st.sampled_from(["EUR", "USD"]),
            "test": st.sampled_from([None, None, True]),
        }
    ),
    "refund": st.fixed_dictionaries(
        {
            "order_id": _order_ids,
            "amount": st.sampled_from(["1", "0.3"]),
            "currency": st.just("EUR"),
            "refund_id": st.sampled_from([None, "r1", "r2"]),
        }
    ),
}
_KINDS = {
    POSTS: ["post.published", *["post.metrics"] * 5, "post.reaction", "post.deleted"],
    COMMENTS: [*["comment.created"] * 4, "comment.deleted"],
    CONVERSIONS: ["click", "signup", "add_to_cart", "purchase", "purchase", "refund"],
}
_whose = {
    True: st.fixed_dictionaries({"influencer_id": _influencers}),
    False: st.fixed_dictionaries(
        {"influencer_id": st.none(), "discount_code": st.sampled_from(["ANA", "bruno", "other", "bruno, ana", None])}
    ),
}


@st.composite
def events(draw: st.DrawFn, event_id: str) -> tuple[str, str, bytes]:
    """Draw one valid event: its topic, the influencer (or, without one, the campaign) it names, and its bytes."""
    topic = draw(st.sampled_from([POSTS, COMMENTS, CONVERSIONS]))
    kind = draw(st.sampled_from(_KINDS[topic]))
    named = topic != CONVERSIONS or draw(st.booleans())
    content = {"campaign_id": draw(_campaigns), **draw(_whose[named]), **draw(_details[kind])}
    if topic == COMMENTS:
        content["comment_id"] = event_id if kind == "comment.created" else f"e{draw(st.integers(0, 40))}"
    return (
        topic,
        content["influencer_id"] or content["campaign_id"],
        value_of(kind, event_id, draw(times_ms()), **content),
    )


def times_ms() -> st.SearchStrategy[int]:
    """Draw an event time."""
    return offsets_ms.map(lambda offset: NOON_MS + offset)


@st.composite
def event_pools(draw: st.DrawFn, most: int = 40) -> list[tuple[str, str, bytes]]:
    """Draw distinct events."""
    count = draw(st.integers(1, most))
    return [draw(events(f"e{index}")) for index in range(count)]


@st.composite
def shared_pools(draw: st.DrawFn, most: int = 40) -> list[tuple[str, str, bytes]]:
    """Draw events of which some are edits of one comment, and some are delivered for another influencer, too.

    Edits are of the campaign without a giveaway: its ledger takes any of two versions that have one time.
    """
    pool = []
    for topic, key, value in draw(event_pools(most)):
        event = msgspec.json.decode(value)
        if event["type"] == "comment.created" and event["campaign_id"] == "d":
            event |= {"comment_id": draw(st.sampled_from(["k1", "k2", event["event_id"]])), "author_id": "7"}
            value = msgspec.json.encode(event)
        pool.append((topic, key, value))
        is_comment_of_giveaway = topic == COMMENTS and event["campaign_id"] == "c"
        if "influencer_id" in event and not is_comment_of_giveaway and draw(st.integers(0, 5)) == 0:
            other = draw(_influencers)
            if other != key and event["type"] not in ("purchase", "refund"):
                pool.append((topic, other, msgspec.json.encode({**event, "influencer_id": other})))
    return pool
