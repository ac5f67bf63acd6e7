"""Labelled texts that the sentiment model is trained and judged on.

The public sets are read from the data folder handed to the command and never copied into this repository; our own
giveaway comments live beside this file. Those of the splits ``heldout`` and ``fresh`` are never trained on.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

CLASSES = ("negative", "neutral", "positive")
NEUTRAL_RATING = 0.5
"""Mean ratings of -4..4 within this are neutral: the fold that ``vader_snippets.csv`` already has."""

COMMENTS_FILE = Path(__file__).with_name("giveaway_comments.csv")
LANGUAGES_FILE = Path(__file__).with_name("language_comments.csv")


@dataclass(frozen=True)
class LabelledTexts:
    """Texts of one origin with class indices into ``CLASSES``.

    Attributes:
        domain: Name of the origin; each has its own intercept in training.
        texts: As written.
        labels: One class index a text.
        ratings: Mean human valence of each text in -4..4; empty where a set has none.
    """

    domain: str
    texts: list[str]
    labels: list[int]
    ratings: list[float]


def load_labelled(path: Path, domain: str) -> LabelledTexts:
    """Reads a CSV with the columns text and label (a class name)."""
    texts, labels = [], []
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            texts.append(row["text"])
            labels.append(CLASSES.index(row["label"]))
    return LabelledTexts(domain, texts, labels, [])


def load_rated(path: Path, domain: str) -> LabelledTexts:
    """Reads a CSV whose label is a mean rating in -4..4 and folds it to classes."""
    texts, ratings = [], []
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            texts.append(row["text"])
            ratings.append(float(row["label"]))
    labels = [0 if r < -NEUTRAL_RATING else 2 if r > NEUTRAL_RATING else 1 for r in ratings]
    return LabelledTexts(domain, texts, labels, ratings)


def load_comments(split: str) -> LabelledTexts:
    """Our giveaway comments of a split: ``train``, ``heldout`` or ``fresh``."""
    texts, labels = [], []
    with COMMENTS_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["split"] == split:
                texts.append(row["text"])
                labels.append(CLASSES.index(row["label"]))
    return LabelledTexts("comments", texts, labels, [])


def load_language_comments(split: str) -> dict[str, LabelledTexts]:
    """Our comments in the languages that are read, by language; in those of the model from ``first`` on.

    ``used``: looked at while the lists were written. ``last``: written after them, judged once, and no list was changed
    for it but Italian, which was not recognised. ``chosen`` and ``judged``: alternate comments of a third set; what was
    missed in the first half was put into the lists, the second was only counted. ``first``, ``second`` and ``third``:
    written and labelled one after the other, each judged once before any of its misses was put into the lists.
    """
    found: dict[str, LabelledTexts] = {}
    with LANGUAGES_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["split"] == split:
                texts = found.setdefault(row["language"], LabelledTexts(row["language"], [], [], []))
                texts.texts.append(row["text"])
                texts.labels.append(CLASSES.index(row["label"]))
    return found


def load_training_sets(data: Path) -> dict[str, LabelledTexts]:
    """Everything that may be trained on, by domain."""
    return {
        "tweets": load_labelled(data / "tweets_train.csv", "tweets"),
        "goemotions": load_labelled(data / "goemotions_train.csv", "goemotions"),
        "snippets": load_labelled(data / "vader_snippets.csv", "snippets"),
        "rated": load_rated(data / "vader_tweets_rated.csv", "rated"),
        "comments": load_comments("train"),
    }


def load_test_sets(data: Path) -> dict[str, LabelledTexts]:
    """Texts that are never trained on."""
    return {
        "tweets_test": load_labelled(data / "tweets_test.csv", "tweets"),
        "goemotions_test": load_labelled(data / "goemotions_test.csv", "goemotions"),
        "comments_heldout": load_comments("heldout"),
        "comments_fresh": load_comments("fresh"),
    }
