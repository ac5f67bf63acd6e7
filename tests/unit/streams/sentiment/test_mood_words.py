"""The words behind a mood: which are told, of how many people, and what never is."""

import random

from streams.sentiment.mood_words import LEAST_PEOPLE, MOST_TOLD, SaidWords, WordCount, words_behind
from streams.sentiment.social import load_social_scorer

NOW_MS = 1_776_528_000_000
HOUR_MS, MINUTE_MS = 3_600_000, 60_000


def test_words_that_made_a_text_praise_or_blame() -> None:
    """With the side that won: a negated word of praise is none; emoji and the campaign's words are words."""
    scorer = load_social_scorer()
    assert ("love", True) in words_behind(scorer, "I love this so much")
    assert ("terrible", False) in words_behind(scorer, "what a terrible, terrible service")
    assert not any(word == "good" for word, _ in words_behind(scorer, "this is not good at all, terrible"))
    assert ("😍", True) in words_behind(scorer, "so pretty 😍")
    assert words_behind(scorer, "the parcel came on Tuesday") == set()
    terms = {"#glowup": 0.9}
    assert ("#glowup", True) in words_behind(load_social_scorer(terms), "#glowup love it", terms)


def test_names_and_numbers_of_people_are_never_words() -> None:
    """Only what is known beforehand: whatever stands in a comment beside it stays in the comment."""
    found = words_behind(
        load_social_scorer(), "I love you @ana.private, call 0664 1234567, Zebedee Quux of Hauptstrasse 7"
    )
    assert {word for word, _ in found} == {"love"}


def test_a_word_is_told_when_five_people_said_it() -> None:
    """However often one says it; and of an hour, whatever the order in which it is read."""
    said = [(person, NOW_MS - person * MINUTE_MS, [("love", True)]) for person in range(LEAST_PEOPLE)]
    said += [(1, NOW_MS - each, [("awful", False)]) for each in range(100)]
    said += [(person, NOW_MS - 2 * HOUR_MS, [("old", True)]) for person in range(50)]
    said += said[:3]
    for seed in range(3):
        words = SaidWords()
        random.Random(seed).shuffle(said)
        for person, at_ms, spoken in said:
            words.add("spring", person, at_ms, spoken)
        assert words.told("spring", NOW_MS).positive == (WordCount("love", LEAST_PEOPLE),)
        assert words.told("spring", NOW_MS).negative == ()
        assert words.told("autumn", NOW_MS).positive == ()
        words.forget_before(NOW_MS + 2 * HOUR_MS)
        assert words.told("spring", NOW_MS).positive == ()


def test_the_commonest_come_first_and_not_all() -> None:
    """By people, then by the alphabet."""
    words = SaidWords()
    for place in range(MOST_TOLD + 3):
        for person in range(LEAST_PEOPLE + place // 2):
            words.add("spring", person, NOW_MS, [(f"word{place:02}", False)])
    told = words.told("spring", NOW_MS).negative
    assert len(told) == MOST_TOLD
    assert [each.word for each in told[:3]] == ["word10", "word08", "word09"]
    assert told[0].people == LEAST_PEOPLE + 5
