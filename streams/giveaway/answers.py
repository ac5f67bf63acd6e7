"""What became of people's comments, and which rule decided: the answer to whoever asks why they are in or out."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import msgspec
import numpy as np
from msgspec import Struct

from models.giveaway import ENTRY_REASONS, EntryReason, EntryVerdict
from streams.giveaway.comment_links import link_of
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.loaded import GiveawayData
from streams.giveaway.rules import EntryAttempt, RuleBook
from streams.ledger.accounts import account_of
from streams.ledger.blocks import EntryBlock, Place
from streams.ledger.people import forgotten_until


def handle_in(asked: str) -> str:
    """Return the handle in what people copy: the address of their profile, with its platform before it, or itself."""
    try:
        return account_of(asked).name
    except ValueError:
        return asked


class CommentAnswer(Struct, frozen=True, kw_only=True):
    """What became of one comment.

    ``at_ms`` is when it was first written, ``text`` the version in force of ``versions``. ``verdict`` is None for a
    comment that is no entry; ``reasons`` are all that apply, the one that it is counted under first, and ``because``
    says it in words. ``link`` is "" where the platform has no address for it.
    """

    platform: str
    influencer_id: str
    post_id: str
    comment_id: str
    at_ms: int
    handle: str
    text: str
    versions: int
    verdict: EntryVerdict | None
    reasons: tuple[EntryReason, ...]
    because: str
    friends: tuple[str, ...]
    chances: int
    link: str


class PersonAnswer(Struct, frozen=True, kw_only=True):
    """What a person is told. ``chances`` are those of the draw as ledger and rules are now, bonus included."""

    campaign_id: str
    platform: str
    author_id: str
    handle: str
    verdict: str
    chances: int
    bonus_chances: int
    comments: list[CommentAnswer]
    draw: list[str]


class _Version(Struct, frozen=True):
    number: int
    person: int
    at_ms: int
    place: Place
    comment_id: str
    author_id: str
    handle: str
    text: str


def answers_of(data: GiveawayData, entries: GiveawayEntries, people: Collection[int]) -> dict[int, list[CommentAnswer]]:
    """Return the comments of people, by person hash, in the order in which they were written.

    Args:
        data: the giveaway.
        entries: its entries, settled.
        people: whose.
    """
    versions: dict[int, dict[tuple[int, str], _Version]] = {}
    for version in _versions(data, people):
        versions.setdefault(version.number, {})[version.at_ms, version.text] = version
    found: dict[int, list[CommentAnswer]] = {person: [] for person in people}
    for number, of_comment in versions.items():
        every = list(of_comment.values())
        in_force = max(every, key=lambda each: each.at_ms if each.at_ms < data.book.closes_ms else -each.at_ms)
        first_ms = min(each.at_ms for each in every)
        answer = _answer(data.book, entries.verdict_of(number), in_force, first_ms, len(every))
        found[in_force.person].append(answer)
    for answers in found.values():
        answers.sort(key=lambda each: (each.at_ms, each.comment_id))
    return found


def decisive(answers: list[CommentAnswer]) -> CommentAnswer | None:
    """Return the comment that decides about a person: the valid one, else the one that came nearest to it."""
    ranks = {"valid": 0, "duplicate": 1, "invalid": 2, "withdrawn": 3, None: 4}
    return min(answers, key=lambda each: (ranks[each.verdict], len(each.reasons), each.at_ms), default=None)


def _versions(data: GiveawayData, people: Collection[int]) -> Iterator[_Version]:
    wanted = np.fromiter(people, dtype=np.uint64, count=len(people))
    until = forgotten_until(data.ledger.facts)
    for fact in data.ledger.facts:
        if not isinstance(fact, EntryBlock):
            continue
        rows = np.flatnonzero(np.isin(fact.person_hashes, wanted)).tolist()
        if not rows:
            continue
        persons, numbers, times = fact.person_hashes, fact.comment_hashes, fact.event_times_ms
        places, ids, authors, handles, texts = (
            fact.place_numbers,
            fact.comment_ids,
            fact.author_ids,
            fact.handles,
            fact.texts,
        )
        for row in rows:
            person, at_ms = int(persons[row]), int(times[row])
            if at_ms > until.get(person, -1):
                place = fact.places[int(places[row])]
                yield _Version(
                    int(numbers[row]), person, at_ms, place, ids[row], authors[row], handles[row], texts[row]
                )


def _answer(
    book: RuleBook,
    verdict: tuple[EntryVerdict, EntryReason | None, int] | None,
    version: _Version,
    first_ms: int,
    versions: int,
) -> CommentAnswer:
    place = version.place
    check = book.check(
        EntryAttempt(
            text=version.text,
            post_id=place.post_id,
            platform=place.platform,
            at_ms=first_ms,
            author_id=version.author_id,
            author_handle=version.handle or None,
            country=place.country or None,
            is_reply=place.is_reply,
        )
    )
    what, first, chances = (None, None, 0) if verdict is None else verdict
    # What sticks to the person, a single comment does not show.
    reasons = tuple(each for each in ENTRY_REASONS if each in check.reasons or each == first) if first else ()
    answer = CommentAnswer(
        platform=place.platform,
        influencer_id=place.influencer_id,
        post_id=place.post_id,
        comment_id=version.comment_id,
        at_ms=first_ms,
        handle=version.handle,
        text=version.text,
        versions=versions,
        verdict=what,
        reasons=reasons,
        because="",
        friends=check.friends,
        chances=chances,
        link=link_of(place.platform, place.post_id, version.comment_id),
    )
    return _with_words(book, answer, place.country)


def _with_words(book: RuleBook, answer: CommentAnswer, country: str) -> CommentAnswer:
    match answer.verdict:
        case None:
            words = "no entry: the rules name other posts"
        case "withdrawn":
            words = "deleted, so it does not count"
        case "duplicate":
            words = "keeps every rule, and another comment of this person has the chance already"
        case "valid":
            words = "keeps every rule"
        case _:
            words = "; ".join(_broken(book, answer, reason, country) for reason in answer.reasons)
    return msgspec.structs.replace(answer, because=words)


def _broken(book: RuleBook, answer: CommentAnswer, reason: EntryReason, country: str) -> str:
    """Return which rule a comment breaks, and by what."""
    rules = book.rules
    said: dict[EntryReason, str] = {
        "before_opening": f"written at {_time(answer.at_ms)}, the giveaway opens at {_time(book.opens_ms)}",
        "after_closing": f"written at {_time(answer.at_ms)}, the giveaway closed at {_time(book.closes_ms)}",
        "excluded_account": "the account is excluded by the rules, or an influencer's",
        "past_winner": f"the account has won within {rules.winners_excluded_months} months before the opening",
        "country_not_allowed": f"the country is {country!r}, allowed are {', '.join(rules.countries)}",
        "country_unknown": f"the country is not known, allowed are {', '.join(rules.countries)}",
        "reply": "it answers another comment, and replies do not count",
        "missing_hashtag": f"of the hashtags {' '.join(rules.hashtags)} one is missing",
        "missing_keyword": f"none of the words {', '.join(rules.keywords)} is in it",
        "wrong_answer": "it is none of the right answers",
        "forbidden_word": f"one of the words {', '.join(rules.forbidden_words)} is in it",
        "too_few_words": f"the rules want {rules.min_words} words",
        "missing_mention": f"of the accounts {' '.join(rules.mentions)} one is not tagged",
        "too_few_friends": f"{len(answer.friends)} friends are tagged who count, the rules want {rules.friends}",
    }
    return said[reason]


def _time(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
