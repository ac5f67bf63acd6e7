"""Phrases that mean something else than their words, praise that is none, and names that take part in no score."""

import msgspec
import pytest

from streams.events.definitions import DefinitionError, parse_definitions
from streams.replay import Replay
from streams.sentiment.names import NamelessScorer, names_pattern
from streams.sentiment.scorers import classify, default_scorer

NOW_MS = 1_900_000_000_000
NAMES = ("Bad Habit", "Love Moschino", "Hate & Co", "Joy", "グロウ", "Café Noir", "L'Amour Fou de Paris")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("this colour is sick omg", "positive"),
        ("i am sick of this", "negative"),
        ("never been so happy with a parcel", "positive"),
        ("never been so disappointed", "negative"),
        ("no está nada mal, me lo compro", "positive"),
        ("nada mal hein, gostei", "positive"),
        ("pas mal du tout, je craque", "positive"),
        ("is this a scam or is it real? just asking", "neutral"),
        ("j'attends mon colis depuis un mois", "negative"),
        ("my hair has never felt softer", "positive"),
        ("your service has never been worse", "negative"),
        ("i would kill for those boots", "positive"),
        ("worth every cent", "positive"),
        ("item exactly as described", "positive"),
        ("colour is not as described", "negative"),
        ("is it fake?", "neutral"),
        ("é golpe?", "neutral"),
        ("é golpe, não caiam", "negative"),
        ("esperaba más de esta marca", "negative"),
        ("no podría ser más feo", "negative"),
        ("não vejo a hora de receber", "positive"),
        ("j'aime pas la couleur", "negative"),
        ("j'aime pas mal ce rouge", "positive"),
        ("que vontade de provar", "positive"),
    ],
)
def test_idioms(text: str, expected: str) -> None:
    """They are read as a person reads them."""
    assert classify(default_scorer().score(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "code expired an hour after you posted it, great job",
        "wow so generous, one lipstick for 2 million followers",
        "thanks for nothing, amazing giveaway",
        "love how my prize never arrived",
        "bravo for lying to everybody",
        "thanks for ignoring every message, lovely people",
    ],
)
def test_praise_for_what_failed_is_no_praise(text: str) -> None:
    """Sarcasm about prizes and codes may be missed as blame, but is not counted as praise."""
    assert classify(default_scorer().score(text)) != "positive"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("is the Bad Habit palette included", "is the palette included"),
        ("BAD-HABIT's new one", "new one"),
        ("#badhabit", ""),
        ("#BadHabitGiveaway", "#Giveaway"),
        ("Joy or joyful", "or joyful"),
        ("グロウが好き", "が好き"),
        ("CAFE NOIR, l’amour fou de paris", ","),
        ("@badhabit hi", "@badhabit hi"),
    ],
)
def test_names_are_taken_out(text: str, left: str) -> None:
    """Whatever their case, accents and script, and however many words; other words stay."""
    taken = names_pattern(NAMES).sub(lambda found: f" #{found['rest']} " if found["rest"] else " ", text)
    assert " ".join(taken.split()) == left


def test_names_take_part_in_no_score() -> None:
    """A question about a brand called after a feeling is neutral; what is said of it counts."""
    scorer = NamelessScorer(default_scorer(), NAMES)
    assert classify(scorer.score("is the Bad Habit palette included")) == "neutral"
    assert classify(scorer.score("Hate & Co or Joy")) == "neutral"
    assert classify(scorer.score("my Bad Habit palette is gorgeous")) == "positive"
    assert classify(scorer.score("Love Moschino bag fell apart after a week")) == "negative"


DEFINITION = """
campaign_id: spring
name: Launch
starts_at: 2026-03-01T00:00:00Z
ends_at: 2026-03-31T00:00:00Z
influencers: []
names: {names}
"""


def test_names_of_a_definition_reach_the_numbers_and_unread_comments_are_counted_apart() -> None:
    """A comment with the brand's name is neutral for its campaign; one in Swedish is in no share."""
    run = Replay(default_scorer(), parse_definitions(DEFINITION.format(names='["Bad Habit"]')), NOW_MS)
    texts = ("bad habit", "so beautiful", "så fin väska, hoppas jag vinner")
    fields = {
        "type": "comment.created",
        "campaign_id": "spring",
        "influencer_id": "ana",
        "platform": "tiktok",
        "occurred_at": NOW_MS - 1_000,
        "post_id": "p",
        "author_id": "a",
    }
    lines = [
        msgspec.json.encode({**fields, "event_id": str(number), "comment_id": str(number), "text": text})
        for number, text in enumerate(texts)
    ]
    assert list(run.feed(lines)) == [3]
    [campaign] = run.finish().campaigns
    total = campaign.windows["total"]
    assert (total.comments, total.sentiment_unread) == (3, 1)
    assert total.sentiment is not None
    assert (total.sentiment.sample_size, total.sentiment.neutral_share, total.sentiment.positive_share) == (2, 0.5, 0.5)


@pytest.mark.parametrize("names", ['["!!"]', '[""]', "[1]"], ids=["no letter", "empty", "no text"])
def test_a_name_that_is_none_is_refused(names: str) -> None:
    """With the field's name and the line."""
    with pytest.raises(DefinitionError, match="names"):
        parse_definitions(DEFINITION.format(names=names))
