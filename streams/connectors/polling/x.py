"""X: counts of posts by look-up. A post that is read is charged once a UTC day, however often it is asked for."""

from typing import Final

from models.times import MINUTE_MS
from streams.connectors.polling.asking import Answer, Ask, Limits, Reading, Round, Trouble, Vendor, bearer, trouble_of

PLATFORM: Final = "x"
_MOST_IDS: Final = 100


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: the counts of all posts, a hundred a request."""
    posts = [post.post_id for post in round_.targets.posts.get(PLATFORM, ())]
    return [
        Ask(
            what="counts",
            target=f"counts:{start}",
            path="/2/tweets",
            query={
                "ids": ",".join(posts[start : start + _MOST_IDS]),
                "tweet.fields": "public_metrics,author_id,created_at",
            },
            every_ms=2 * MINUTE_MS,
        )
        for start in range(0, len(posts), _MOST_IDS)
    ]


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means; where the window's last request was used, wait for the next one."""
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    if answer.headers.get("x-rate-limit-remaining") == "0":
        reset = answer.headers.get("x-rate-limit-reset", "")
        if reset.isascii() and reset.isdecimal():
            return Reading(pause_ms=max(0, int(reset) * 1_000 - now_ms))
    return Reading()


VENDOR: Final = Vendor(
    name="x",
    kind="x",
    address="https://api.x.com",
    limits=Limits(per_second=1),
    headers=bearer,
    asks=asks,
    read=read,
)
