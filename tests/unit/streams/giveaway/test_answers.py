"""Answers to people: the verdicts and reasons that the workers count, each with words that name rule and comment."""

from typing import Any

import pytest

from models.events import CommentCreated, CommentDeleted
from models.giveaway import ENTRY_REASONS, PastWinner
from streams.giveaway.answers import CommentAnswer, answers_of, decisive
from streams.giveaway.dry_run import dry_run, sample
from streams.giveaway.loaded import GiveawayData
from streams.ledger.collector import person_hash
from tests.unit.ledgers import OPENS, OPENS_MS, block, comment, loaded

HOUR_MS = 3_600_000
EVERYTHING: dict[str, Any] = {
    "posts": ("p",),
    "replies_count": False,
    "hashtags": ("#glow",),
    "keywords": ("lemon",),
    "forbidden_words": ("spam",),
    "min_words": 2,
    "mentions": ("@brand",),
    "friends": 1,
    "chances": "per_friend",
    "most_chances": 3,
    "excluded": ("@staff",),
    "past_winners": (PastWinner(account="@lucky", won_on=OPENS.date()),),
    "countries": ("DE",),
    "unknown_country": "refuse",
}


def answered(data: GiveawayData) -> list[CommentAnswer]:
    """The answers about every comment in a ledger."""
    return [each for answers in answers_of(data, data.entries(), set(data.people)).values() for each in answers]


def test_every_reason_has_its_words() -> None:
    """One comment for each rule: verdict and first reason are those that are counted, and the words say by what."""
    good: dict[str, Any] = {"country": "DE"}
    text = "fresh lemon #glow @brand @tom"
    comments = [
        comment(1, "mia", text, **good),
        comment(2, "eva", text, at_ms=-1, **good),
        comment(3, "jan", text, at_ms=7 * HOUR_MS, **good),
        comment(4, "staff", text, **good),
        comment(5, "lucky", text, **good),
        comment(6, "ali", text, country="AT"),
        comment(7, "zoe", text),
        comment(8, "ida", text, parent_id="c1", **good),
        comment(9, "leo", "fresh lemon @brand @tom", **good),
        comment(10, "noa", "fresh apple #glow @brand @tom", **good),
        comment(11, "kim", "lemon spam #glow @brand @tom", **good),
        comment(12, "pat", "lemon #glow @brand @tom", **good),
        comment(13, "sam", "fresh lemon #glow @tom", **good),
        comment(14, "liv", "fresh lemon #glow @brand", **good),
    ]
    found = {each.comment_id: each for each in answered(loaded(block(*comments), **EVERYTHING))}
    expected = {
        "c2": ("before_opening", "written at 2026-04-18T13:59:59Z, the giveaway opens at 2026-04-18T14:00:00Z"),
        "c3": ("after_closing", "written at 2026-04-18T21:00:00Z, the giveaway closed at 2026-04-18T20:00:00Z"),
        "c4": ("excluded_account", "the account is excluded by the rules, or an influencer's"),
        "c5": ("past_winner", "the account has won within 12 months before the opening"),
        "c6": ("country_not_allowed", "the country is 'AT', allowed are DE"),
        "c7": ("country_unknown", "the country is not known, allowed are DE"),
        "c8": ("reply", "it answers another comment, and replies do not count"),
        "c9": ("missing_hashtag", "of the hashtags #glow one is missing"),
        "c10": ("missing_keyword", "none of the words lemon is in it"),
        "c11": ("forbidden_word", "one of the words spam is in it"),
        "c12": ("too_few_words", "the rules want 2 words"),
        "c13": ("missing_mention", "of the accounts @brand one is not tagged"),
        "c14": ("too_few_friends", "0 friends are tagged who count, the rules want 1"),
    }
    assert (found["c1"].verdict, found["c1"].chances, found["c1"].friends) == ("valid", 1, ("tom",))
    for comment_id, (reason, words) in expected.items():
        answer = found[comment_id]
        assert (answer.verdict, answer.reasons, answer.because) == ("invalid", (reason,), words)
    assert {reason for reason, _ in expected.values()} == set(ENTRY_REASONS) - {"wrong_answer"}
    wrong = loaded(block(comment(1, "mia", "apple")), answers=("lemon",))
    assert answered(wrong)[0].because == "it is none of the right answers"


@pytest.mark.parametrize("rules", [{}, {"friends": 2}, EVERYTHING], ids=["none", "friends", "all"])
def test_answers_are_what_a_dry_run_says(rules: dict[str, Any]) -> None:
    """Of a sample made for the rules each comment has one verdict, its reasons and chances, in both."""
    data = loaded(**rules)
    tried = sample(data.book)
    events = [event for _, event in tried if isinstance(event, (CommentCreated, CommentDeleted))]
    found = {each.comment_id: each for each in answered(loaded(block(*events), **rules))}
    comments = dry_run(data.book, tried).comments
    assert len(comments) == len(found) > 5
    for each in comments:
        answer = found[each.comment_id]
        assert (answer.verdict, answer.reasons, answer.chances) == (each.verdict, each.reasons, each.chances)


def test_of_an_edited_comment_the_version_in_force_is_answered() -> None:
    """The newest before the closing, with the time of the first; what came after the closing is not in force."""
    versions = [
        comment(1, "mia", "nobody", at_ms=1_000),
        comment(1, "mia", "with @tom", at_ms=2_000),
        comment(1, "mia", "nobody again", at_ms=7 * HOUR_MS),
    ]
    for order in (versions, versions[::-1]):
        [answer] = answered(loaded(block(*order), friends=1))
        assert (answer.text, answer.at_ms, answer.versions) == ("with @tom", OPENS_MS + 1_000, 3)
        assert answer.verdict == "valid"


def test_the_decisive_comment() -> None:
    """The valid one; without it the one that came nearest: duplicates, then fewer broken rules; None of none."""
    comments = [
        comment(1, "mia", "one", at_ms=7 * HOUR_MS),
        comment(2, "mia", "two", at_ms=5_000),
        comment(3, "mia", "three @tom", at_ms=6_000),
        comment(4, "mia", "four @tom", at_ms=7_000),
    ]
    data = loaded(block(*comments), friends=1)
    answers = answers_of(data, data.entries(), {person_hash("tiktok", "id-mia")})[person_hash("tiktok", "id-mia")]
    assert [each.comment_id for each in answers] == ["c2", "c3", "c4", "c1"]
    assert decisive(answers) == answers[1]
    assert decisive([answers[3], answers[0]]) == answers[0]
    assert decisive([]) is None
