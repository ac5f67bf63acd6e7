"""Words whose feeling is known before any training: VADER's lexicon, TextBlob's lexicon and our own terms.

They become features of the model, so that a word which the training texts hardly contain still counts.
"""

import csv
from dataclasses import dataclass
from pathlib import Path

from textblob.en import sentiment as textblob_sentiment
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from streams.sentiment.tokens import emoji_sequences, fold

TERMS_FILE = Path(__file__).with_name("sentiment_terms.csv")
VADER_SCALE = 4.0


@dataclass(frozen=True)
class Lexicons:
    """Valences in -1..1 by folded word.

    Attributes:
        vader: VADER's mean ratings over 4.
        textblob: TextBlob's polarity, averaged over the senses of a word; zeros left out.
        own: Our single words and emoji.
        phrases: Our word pairs.
    """

    vader: dict[str, float]
    textblob: dict[str, float]
    own: dict[str, float]
    phrases: dict[tuple[str, str], float]

    def words(self) -> set[str]:
        """Every single word of any lexicon."""
        return {*self.vader, *self.textblob, *self.own}

    def valence(self, word: str) -> float:
        """One valence for a word: ours if we have one, else the mean of the others, else 0."""
        if word in self.own:
            return self.own[word]
        known = [lexicon[word] for lexicon in (self.vader, self.textblob) if word in lexicon]
        return sum(known) / len(known) if known else 0.0


def load_lexicons() -> Lexicons:
    """Reads the installed packages' lexicons and our terms."""
    vader: dict[str, float] = {}
    for word, rating in SentimentIntensityAnalyzer().lexicon.items():
        vader.setdefault(fold(word), rating / VADER_SCALE)
    textblob_sentiment("good")  # Its lexicon is loaded at the first use.
    textblob: dict[str, float] = {}
    for word, senses in dict.items(textblob_sentiment):
        polarity = senses[None][0]
        if word and " " not in word and polarity != 0:
            textblob.setdefault(fold(word), float(polarity))
    own: dict[str, float] = {}
    phrases: dict[tuple[str, str], float] = {}
    with TERMS_FILE.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            valence = float(row["valence"])
            words = fold(row["term"]).replace("-", " ").split()
            if row["group"] == "emoji":
                (sequence,) = emoji_sequences(row["term"])
                own.setdefault(sequence, valence)
            elif len(words) == 1:
                own.setdefault(words[0], valence)
            elif len(words) == 2:
                phrases.setdefault((words[0], words[1]), valence)
    return Lexicons(vader, textblob, own, phrases)
