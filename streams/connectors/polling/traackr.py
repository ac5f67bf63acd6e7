"""Traackr (API v1): the campaigns of an account, and the counts of their posts."""

from typing import Final

from models.times import HOUR_MS, MINUTE_MS
from streams.connectors.bodies import id_at, objects_at, text_at
from streams.connectors.polling.asking import Answer, Ask, Limits, Reading, Round, Trouble, Vendor, paged, trouble_of


def asks(round_: Round) -> list[Ask]:
    """Return what to ask: which campaigns there are, and the posts of those known."""
    if not round_.targets.is_running:
        return []
    campaigns = filter(None, round_.cursors.get("campaigns", "").split(","))
    return [
        Ask(what="campaigns", target="campaigns", path="/v1/campaigns", every_ms=HOUR_MS, is_read=False),
        *(
            Ask(
                what="posts",
                target=f"posts:{campaign}",
                path=f"/v1/campaigns/{campaign}/posts",
                query={"limit": "100"},
                every_ms=15 * MINUTE_MS,
            )
            for campaign in campaigns
        ),
    ]


def read(ask: Ask, answer: Answer, now_ms: int) -> Reading | Trouble:
    """Return what an answer means."""
    if (trouble := trouble_of(answer, now_ms)) is not None:
        return trouble
    body = answer.json
    if ask.what == "campaigns":
        rows = [id_at(row, "campaign_id") or id_at(row, "id") for row in objects_at(body, "campaigns")]
        return Reading(cursor=",".join(each for each in rows if each))
    after = text_at(body, "page", "next_cursor")
    return Reading(more=(paged(ask, cursor=after),) if after and after != ask.query.get("cursor") else ())


VENDOR: Final = Vendor(
    name="traackr",
    kind="traackr",
    address="https://api.traackr.ai/api",
    limits=Limits(per_second=5),
    headers=lambda token: {"X-Api-Key": token},
    asks=asks,
    read=read,
)
