"""From texts to sparse features, in the exact terms in which ``streams.sentiment.social`` adds them up."""

from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from scipy import sparse

from streams.sentiment.scopes import BOOSTED, CONTRASTED, NEGATED, scope_flags
from streams.sentiment.tokens import BEGIN, END, analyse, tokenize
from training.sentiment_lexicons import Lexicons

Features = dict[str, float]

SHARE = {"w": 1.0, "p": 0.35, "n": 0.5, "l": 3.0, "e": 3.0}
"""How far each group of features (first letter of the name) may go: its columns are multiplied by this before the
regularised fit. Lexicon features (l, e) hold for thousands of words; pairs (p) overfit easily."""

LEXICON_PRESENCE = 0.5
_FLAG_NAMES = {NEGATED: "negated", BOOSTED: "boosted", CONTRASTED: "contrasted"}


def count_words(texts: Iterable[str]) -> Counter[str]:
    """How often each word occurs, before any spelling is known."""
    counts: Counter[str] = Counter()
    for text in texts:
        for raw in tokenize(text):
            counts.update(part for part, _ in analyse(raw, ()).parts)
    return counts


def part_features(part: str, lexicons: Lexicons) -> Features:
    """Features of one occurrence of a word, emoji or sign, wherever it stands."""
    features: Features = {"w:" + part: 1.0}
    for name, lexicon in (("vader", lexicons.vader), ("textblob", lexicons.textblob), ("own", lexicons.own)):
        valence = lexicon.get(part, 0.0)
        if valence:
            sign = "+" if valence > 0 else "-"
            if name == "own" and not part[0].isalpha():
                name = "emoji"
            features[f"l:{name}{sign}"] = abs(valence)
            features[f"l:{name}{sign}present"] = LEXICON_PRESENCE
    valence = lexicons.valence(part)
    if valence:
        features["l:any" + ("+" if valence > 0 else "-")] = abs(valence)
    return features


class FeatureExtractor:
    """Features of whole texts.

    Args:
        known: The model's vocabulary.
        lexicons: Feelings known beforehand.
    """

    def __init__(self, known: set[str], lexicons: Lexicons) -> None:
        self.known = known
        self.lexicons = lexicons
        self._parts: dict[str, Features] = {}

    def part(self, part: str) -> Features:
        """``part_features``, remembered."""
        features = self._parts.get(part)
        if features is None:
            features = self._parts[part] = part_features(part, self.lexicons)
        return features

    def text(self, text: str) -> Features:
        """All features of a text."""
        features: Counter[str] = Counter()
        tokens = [analyse(raw, self.known) for raw in tokenize(text)]
        norms = [token.norm for token in tokens]
        for token, flags in zip(tokens, scope_flags(norms), strict=True):
            names = [name for bit, name in _FLAG_NAMES.items() if flags & bit]
            for fact, name in ((token.shouted, "shouted"), (token.stretched, "stretched")):
                if fact:
                    names.append(name)
                    features["e:" + name] += 1.0
            for part, times in token.parts:
                for feature, value in self.part(part).items():
                    features[feature] += value * times
                valence = self.lexicons.valence(part)
                if valence:
                    for name in names:
                        features[f"e:{name}{'+' if valence > 0 else '-'}"] += abs(valence) * times
            if flags & NEGATED:
                features["n:" + token.norm] += 1.0
        framed = [BEGIN, *norms, END]
        for left, right in pairwise(framed):
            for feature, value in self.pair(left, right).items():
                features[feature] += value
        return features

    def pair(self, left: str, right: str) -> Features:
        """Features of two neighbours."""
        features: Features = {f"p:{left} {right}": 1.0}
        valence = self.lexicons.phrases.get((left, right))
        if valence:
            features["l:phrase" + ("+" if valence > 0 else "-")] = abs(valence)
        return features


def to_matrix(rows: list[Features], columns: dict[str, int]) -> sparse.csr_matrix:
    """Rows of known features, each group scaled by its ``SHARE``."""
    starts, indices, values = [0], [], []
    for row in rows:
        for name, value in row.items():
            column = columns.get(name)
            if column is not None:
                indices.append(column)
                values.append(value * SHARE[name[0]])
        starts.append(len(indices))
    return sparse.csr_matrix((values, indices, starts), shape=(len(rows), len(columns)), dtype=np.float64)
