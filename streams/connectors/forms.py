"""Giveaway forms: Gleam, SweepWidget, ViralSweep. A person is a pseudonym of the e-mail address, never the address."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from streams.connectors.bodies import (
    Unmapped,
    absent,
    at,
    click_id_of,
    id_at,
    id_of,
    items_of,
    json_of,
    need_id,
    need_text,
    objects_at,
    query_of,
    text_at,
    utm_of,
)
from streams.connectors.drafts import Delivery, Draft, Note, Told, each, need_time
from streams.sources import ids
from streams.sources.times import from_epoch

_WRITTEN: Final = ("question", "answer", "comment")
"""In the type of a Gleam action: something that a person wrote."""


def read_gleam(delivery: Delivery) -> Iterator[Told]:
    """Map one action of a Gleam campaign (https://gleam.io/docs/general/advanced/webhooks)."""
    yield from each([json_of(delivery.body)], lambda body: _gleam(delivery, body), "entry")


def _gleam(delivery: Delivery, body: Any) -> Iterator[Told]:
    entry = at(body, "entry")
    entry_id, kind = id_at(entry, "id") or _of_parts(body), text_at(entry, "type") or ""
    occurred_at = need_time(text_at(entry, "created_at"), "entry.created_at", delivery.rules)
    visit = query_of(text_at(entry, "landing_url"))
    person = _person(delivery, text_at(body, "user", "email"))
    written = text_at(entry, "value")
    if written and any(word in kind for word in _WRITTEN):
        post_id = "gleam:" + need_id(body, "campaign", "key")
        if not person:
            raise Unmapped(_no_person(body, "user", "email"))
        yield Draft(
            type="comment.created",
            event_id=ids.of_gleam_entry(entry_id),
            platform="gleam",
            occurred_at=occurred_at,
            fields={"post_id": post_id, "comment_id": entry_id, "author_id": person["author_id"], "text": written},
            post_ids=(post_id,),
            marks=_marks(visit),
        )
        return
    worth = at(entry, "worth")
    if isinstance(worth, int) and worth != 1:
        yield Note("incomplete", f"entry {entry_id}: worth {worth} is not carried: an event has no weight"[:200])
    yield _signup(ids.of_gleam_entry(entry_id), "gleam", occurred_at, "payload", visit, person)


def _of_parts(body: Any) -> str:
    """Return an id for what has none, as Integration webhooks of older campaigns: campaign, person, action and time."""
    method, created = need_id(body, "entry", "entry_method_id"), need_text(body, "entry", "created_at")
    return ids.of_content("gleam", need_id(body, "campaign", "key"), need_text(body, "user", "email"), method, created)


def read_sweepwidget(delivery: Delivery) -> Iterator[Told]:
    """Map an entry of a webhook, or the entries of a poll."""
    body = json_of(delivery.body)
    if isinstance(at(body, "data"), list):
        yield from each(objects_at(body, "data"), lambda row: _sweepwidget_row(delivery, row), "entry")
    else:
        yield from each([body], lambda body: _sweepwidget(delivery, body), "entry")


def _sweepwidget(delivery: Delivery, body: Any) -> Iterator[Told]:
    kind, data = need_text(body, "event"), at(body, "data")
    if kind != "entry_submitted":
        yield Note("ignored", f"event {kind!r} is not counted")
        return
    email = need_text(data, "user", "email")
    competition = need_id(data, "competition_id")
    # The webhook has neither id nor time: an entry is what it says, and a retry says the same.
    event_id = ids.of_content("sweepwidget", kind, competition, email.strip().lower(), id_at(data, "entries") or "")
    visit = query_of(text_at(data, "referral_url"))
    person = _person(delivery, email)
    yield _signup(event_id, "sweepwidget", delivery.received_ms, "send_time", visit, person)


def _sweepwidget_row(delivery: Delivery, row: Any) -> Iterator[Told]:
    when = text_at(row, "timestamp")
    occurred_at = need_time(when, "timestamp", delivery.rules)
    email = text_at(row, "user_email") or ""
    parts = [
        id_at(row, "user_id") or email.strip().lower(),
        *(id_at(row, name) or "" for name in ("entry_type", "action")),
    ]
    event_id = ids.of_content("sweepwidget", "row", *parts, when or "")
    yield _signup(event_id, "sweepwidget", occurred_at, "payload", {}, _person(delivery, email))


def read_viralsweep(delivery: Delivery) -> Iterator[Told]:
    """Map an entry (https://support.viralsweep.com/en/articles/9272620-webhooks)."""
    yield from each(items_of(json_of(delivery.body)), lambda body: _viralsweep(delivery, body), "entry")


def _viralsweep(delivery: Delivery, body: Any) -> Iterator[Told]:
    when, email = at(body, "time_stamp"), text_at(body, "email") or ""
    if isinstance(when, int | Decimal) and not isinstance(when, bool):
        occurred_at: str | int = from_epoch(when)
    else:
        occurred_at = need_time(text_at(body, "time_stamp"), "time_stamp", delivery.rules)
    promotion = id_at(body, "promotion_id") or need_id(body, "id")
    # `id` is the promotion's full id in ViralSweep's own list of fields: not an entry's, so it is not enough.
    stamp = id_of(when) or str(when)
    event_id = ids.of_content("viralsweep", promotion, id_at(body, "id") or "", email.strip().lower(), stamp)
    visit = query_of(text_at(body, "refer_source")) or query_of(text_at(body, "entry_source"))
    yield _signup(event_id, "viralsweep", occurred_at, "payload", visit, _person(delivery, email or None))


def _signup(
    event_id: str,
    platform: str,
    occurred_at: str | int,
    time_source: Any,
    visit: dict[str, str],
    person: dict[str, str],
) -> Draft:
    marks = _marks(visit)
    return Draft(
        type="signup",
        event_id=event_id,
        platform=platform,
        occurred_at=occurred_at,
        time_source=time_source,
        fields={**marks, **person},
        marks=marks,
    )


def _marks(visit: dict[str, str]) -> dict[str, str]:
    marks = utm_of(visit)
    if click_id := click_id_of(visit):
        marks["click_id"] = click_id
    return marks


def _person(delivery: Delivery, email: str | None) -> dict[str, str]:
    """Return the pseudonym; nothing where there is no address, or no key to make one with."""
    if not email or delivery.person_key is None:
        return {}
    return {"author_id": ids.of_person(email, delivery.person_key), "author_platform": "email"}


def _no_person(body: Any, *path: str) -> str:
    if text_at(body, *path):
        return "author_id: there is no key for pseudonyms of e-mail addresses"
    return absent(body, *path)
