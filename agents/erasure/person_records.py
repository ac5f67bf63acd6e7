"""What one record says of somebody: who wrote an event, whom a text tags, in which role, and what of it may be told."""

import re
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from models.actions import Action, PersonTarget
from models.alerts import SampleComment
from models.campaigns import CampaignDefinition
from streams.alerts.window_records import decode_window
from streams.columns.formats import UnsupportedRecord
from streams.comparison import comparable
from streams.ledger.comment_texts import handle_key
from streams.ledger.subjects import Subject

UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
decode_fields: Final = msgspec.json.Decoder(dict[str, Any]).decode
_decode_value: Final = msgspec.json.Decoder().decode
_decode_raw: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ESCAPE: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class Author(Struct, frozen=True, gc=False):
    """What says who wrote an event, of any type."""

    campaign_id: str = ""
    platform: str = ""
    author_id: str | None = None
    author_platform: str | None = None
    author_handle: str | None = None
    text: str = ""


_decode_author: Final = msgspec.json.Decoder(Author).decode


def said_of(action: Action, subject: Subject) -> str:
    """Return in which role somebody stands in an action: ``author`` when it is about them, ``named`` in its note."""
    target = action.target
    if isinstance(target, PersonTarget) and subject.wrote(target.platform, target.author_id):
        return "author"
    return "named" if action.note and subject.is_called(action.note) else ""


def author_of(value: bytes | None) -> Author | None:
    """Return who wrote an event; None where a record cannot be read as one."""
    try:
        return _decode_author(value or b"")
    except UNREADABLE:
        return None


def fields_of(value: bytes) -> dict[str, Any]:
    """Return the fields of an event as they are told to people, whatever strangers put beside ours.

    Our decoders pass over fields that they do not know. A number that no float can hold may stand there and, in
    what was refused, bytes of no text: then it is told as its text.
    """
    try:
        return decode_fields(value)
    except UNREADABLE:
        pass
    try:
        raw = _decode_raw(value)
    except UNREADABLE:
        return {"value": value.decode("utf-8", "replace")}
    fields: dict[str, Any] = {}
    for name, each in raw.items():
        try:
            fields[name] = _decode_value(each)
        except UNREADABLE:
            fields[name] = bytes(each).decode("utf-8", "replace")
    return fields


def names_somebody(value: bytes, subject: Subject) -> bool:
    """Return whether bytes that cannot be read as an event have a handle or an id of somebody, in any spelling."""
    text = value.decode("utf-8", "replace")
    if "\\u" in text:
        units = _ESCAPE.sub(lambda each: chr(int(each[1], 16)), text)
        text = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    folded = comparable(text)
    names = {handle_key(subject.asked.name), *subject.handles} - {""}
    ids = [author_id for _, author_id in subject.accounts]
    return any(name in folded for name in names) or any(each in text for each in ids)


def of_others(event: dict[str, Any]) -> dict[str, Any]:
    """Return what may be told of another person's comment."""
    return {name: event[name] for name in ("comment_id", "post_id", "platform", "text") if name in event}


def window_samples(record: Any) -> list[SampleComment]:
    """Return the comments in a record of closed minutes; none where it is no such record."""
    try:
        window = decode_window(record.value or b"")
    except UnsupportedRecord:
        return []
    return [each for evidence in window.evidence.values() for each in evidence.sample_comments]


def roles_in(samples: Iterable[SampleComment], subject: Subject, texts: set[str]) -> list[tuple[str, str]]:
    """Return (role, text) of comments that are shown without their authors and are somebody's, or tag them."""
    found = []
    for each in samples:
        if each.text in texts:
            found.append(("author", each.text))
        elif is_tagged_anywhere(subject, each.text):
            found.append(("named", each.text))
    return found


def is_tagged_anywhere(subject: Subject, text: str) -> bool:
    """Return whether a text of a platform that is not known tags somebody, by the rules of any of theirs."""
    platforms = {platform for platform, _ in subject.accounts} | {subject.asked.platform or ""}
    return any(subject.is_tagged(text, platform) for platform in platforms)


def named_in(definition: CampaignDefinition) -> list[tuple[str, str]]:
    """Return every account that a definition names, with its field."""
    named = [("influencers.handle", each.handle) for each in definition.influencers]
    named += [("influencers.influencer_id", each.influencer_id) for each in definition.influencers]
    rules = definition.giveaway
    if rules is not None:
        named += [("giveaway.excluded", each) for each in rules.excluded]
        named += [("giveaway.past_winners", each.account) for each in rules.past_winners]
        named += [("giveaway.mentions", each) for each in rules.mentions]
        named += [("giveaway.suspicion.cleared", each) for each in rules.suspicion.cleared]
    return named
