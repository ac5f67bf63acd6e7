"""A giveaway in a few words: plain Python over a list of comments, written without the columns it is compared with."""

from collections import Counter, defaultdict
from typing import Any

import xxhash

from models.events import CommentCreated
from models.giveaway import ENTRY_REASONS
from streams.giveaway.rules import EntryAttempt, RuleBook


def comment_hash(platform: str, comment_id: str) -> int:
    """The tie-break of docs/giveaway.md: XXH3 of the id, seeded by XXH3 of the platform."""
    return xxhash.xxh3_64_intdigest(comment_id.encode(), xxhash.xxh3_64_intdigest(platform.encode()))


def numbers(book: RuleBook, comments: list[CommentCreated], deleted: set[tuple[str, str]]) -> dict[str, dict[str, Any]]:
    """The numbers of the campaign ("") and of each influencer, from all versions of all comments."""
    versions: dict[tuple[str, str], list[CommentCreated]] = defaultdict(list)
    for comment in comments:
        if book.is_on_post(comment.post_id):
            versions[comment.platform, comment.comment_id].append(comment)
    entries = []
    for key, known in versions.items():
        in_time = [each for each in known if each.occurred_at < book.closes_ms]
        newest = (
            max(in_time, key=lambda each: each.occurred_at)
            if in_time
            else min(known, key=lambda each: each.occurred_at)
        )
        entered_ms = min(each.occurred_at for each in known)
        entries.append((entered_ms, comment_hash(*key), key, newest))
    entries.sort(key=lambda entry: entry[:2])
    found: dict[str, dict[str, Any]] = defaultdict(
        lambda: {"verdicts": Counter(), "reasons": Counter(), "entrants": set(), "tagged": set(), "chances": 0}
    )
    tagged_by: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entered_ms, _, key, comment in entries:
        checked = book.check(
            EntryAttempt(
                text=comment.text,
                post_id=comment.post_id,
                platform=comment.platform,
                at_ms=entered_ms,
                author_id=comment.author_id,
                author_handle=comment.author_handle,
                country=comment.country,
                is_reply=bool(comment.parent_id),
            )
        )
        person = (comment.platform, comment.author_id)
        chances = 0
        if key in deleted:
            verdict = "withdrawn"
        elif checked.reasons:
            verdict = "invalid"
        else:
            if book.rules.chances == "per_person":
                new = set() if person in tagged_by else {""}
                room = 1
            else:
                new = set(checked.friends) - tagged_by[person]
                room = book.rules.chance_limit - len(tagged_by[person])
            chances = max(0, min(room, len(new)))
            tagged_by[person] |= set(sorted(new)[:chances]) if room < len(new) else new
            verdict = "valid" if chances else "duplicate"
        for owner in ("", comment.influencer_id):
            mine = found[owner]
            mine["verdicts"][verdict] += 1
            mine["chances"] += chances
            if verdict == "invalid":
                mine["reasons"][next(each for each in ENTRY_REASONS if each in checked.reasons)] += 1
            if verdict in ("valid", "duplicate"):
                mine["entrants"].add(person)
                mine["tagged"] |= {(comment.platform, friend) for friend in checked.friends}
    return {
        owner: {
            "valid_entries": mine["verdicts"]["valid"],
            "duplicate_entries": mine["verdicts"]["duplicate"],
            "withdrawn_entries": mine["verdicts"]["withdrawn"],
            "invalid_entries": dict(mine["reasons"]),
            "entries": mine["verdicts"].total(),
            "unique_entrants": len(mine["entrants"]),
            "tagged_friends": len(mine["tagged"]),
            "chances": mine["chances"],
        }
        for owner, mine in found.items()
    }
