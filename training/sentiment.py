"""Trains the ``social`` sentiment scorer: ``python -m training.sentiment``.

Reads the labelled texts, fits a class-balanced multinomial logistic regression with one intercept a domain, places the
neutral band by cross-validation, folds everything into word and pair weights and writes the artefact that ships.
Everything is seeded: the same data and the same libraries give the same bytes.
"""

import argparse
import json
import sys
import warnings
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, Ridge

from streams.sentiment.parts import link
from streams.sentiment.social import ARTEFACT, SocialScorer
from streams.sentiment.tokens import tokenize, unstretch
from streams.sentiment.weights import (
    MAX_WEIGHT,
    NGRAM_BUCKETS,
    SCALE,
    SHORT_TOKENS,
    SentimentWeights,
    dump_weights,
    load_weights,
    ngram_buckets,
    pack,
    unpack,
)
from training.giveaway_templates import construct_comments
from training.sentiment_data import LabelledTexts, load_test_sets, load_training_sets
from training.sentiment_features import SHARE, FeatureExtractor, count_words, to_matrix
from training.sentiment_lexicons import Lexicons, load_lexicons

ROOT = Path(__file__).resolve().parent.parent
SEED = 20_17
FOLDS = 5
REGULARISATION = 0.03
ITERATIONS = 60
"""Of the solver, which is then stopped: going on fits the training texts better and new ones no better."""

DOMAIN_WEIGHT = {"tweets": 1.0, "goemotions": 1.0, "snippets": 0.1, "rated": 4.0, "comments": 6.0, "constructed": 0.5}
"""Weight of one text of each domain: comments are few and are what the scorer is for."""

DOMAIN_INTERCEPT = 3.0
"""Scale of the domain intercepts: domains differ in how much is neutral, which no word should have to explain."""

CLASS_FLOOR = 0.615
"""Out-of-fold recall that no class of tweets and of Reddit comments may fall below when the neutral band is placed."""

CORRELATION_FLOOR = 0.853
"""Out-of-fold correlation with human ratings that the placement keeps where it can."""

FLOOR_PENALTY = 5.0
OTHER_DOMAINS_VOTE = 0.3

MIN_WORD_COUNT = 2
STRETCHED_RARITY = 20
"""A spelling with doubled letters this many times rarer than the plain one ("loove") is that word, stretched."""

MIN_PAIR_COUNT = 3
MIN_PAIR_WEIGHT = 30
"""Pairs whose two weights stay below this many thousandths are left out of the artefact."""

NGRAM_RIDGE = 8.0
"""Penalty of the n-gram guess for unknown words: strong, because a wrong guess is worse than none."""

CONSTRUCTED = 2_400
SOURCES = [
    "GoEmotions (Demszky et al. 2020), Apache-2.0, folded to three classes",
    "Tweet Sentiment Extraction (Figure Eight / Kaggle 2020), CC BY 4.0",
    "VADER lexicon, rated tweets and rated review and news sentences (Hutto & Gilbert 2014), MIT",
    "TextBlob / pattern.en subjectivity lexicon (De Smedt & Daelemans), PDDL, in TextBlob, MIT",
    "Giveaway comments and terms of this project, Apache-2.0",
]

Logits = np.ndarray[tuple[int, int], np.dtype[np.float64]]


class Corpus:
    """Texts of all domains as one matrix.

    Attributes:
        columns: Feature name to column.
        domains: Name of each domain.
        domain_of: Index of the domain of each row.
        short: Whether each row counts as a short text.
        labels: Class of each row.
        features: The scaled feature matrix.
    """

    def __init__(self, sets: dict[str, LabelledTexts], extractor: FeatureExtractor) -> None:
        rows = {name: [extractor.text(text) for text in texts.texts] for name, texts in sets.items()}
        counts: dict[str, int] = {}
        for features in (row for domain in rows.values() for row in domain):
            for name in features:
                counts[name] = counts.get(name, 0) + 1
        least = {"w": MIN_WORD_COUNT, "p": MIN_PAIR_COUNT, "n": MIN_PAIR_COUNT}
        kept = sorted(name for name, count in counts.items() if count >= least.get(name[0], 1) and SHARE[name[0]] > 0)
        self.columns = {name: i for i, name in enumerate(kept)}
        self.domains = list(sets)
        self.domain_of = np.repeat(np.arange(len(sets)), [len(texts.texts) for texts in sets.values()])
        self.short = np.array([len(tokenize(t)) <= SHORT_TOKENS for texts in sets.values() for t in texts.texts])
        self.labels = np.concatenate([texts.labels for texts in sets.values()])
        self.features = sparse.vstack([to_matrix(domain, self.columns) for domain in rows.values()], format="csr")

    def rows_of(self, domain: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Mask of a domain's rows."""
        return self.domain_of == self.domains.index(domain)

    def sample_weights(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Domain weight times the balance of its three classes."""
        weights = np.zeros(len(self.labels))
        for index, name in enumerate(self.domains):
            rows = self.domain_of == index
            share = np.bincount(self.labels[rows], minlength=3) / rows.sum()
            weights[rows] = DOMAIN_WEIGHT[name] / (3 * share[self.labels[rows]])
        return weights


class Fit:
    """A fitted model: logits against neutral, ``features @ weights + bias``."""

    def __init__(self, corpus: Corpus, rows: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> None:
        present = np.unique(corpus.domain_of[rows])
        intercepts = (corpus.domain_of[rows][:, None] == present[None, :]) * DOMAIN_INTERCEPT
        matrix = sparse.hstack([corpus.features[rows], sparse.csr_matrix(intercepts)], format="csr")
        model = LogisticRegression(C=REGULARISATION, max_iter=ITERATIONS, tol=1e-3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # Stopping early is meant.
            model.fit(matrix, corpus.labels[rows], sample_weight=corpus.sample_weights()[rows])
        width = corpus.features.shape[1]
        against_neutral = model.coef_[[0, 2]] - model.coef_[1]
        self.weights = against_neutral[:, :width].T
        self.bias = (model.intercept_ - model.intercept_[1])[[0, 2]]
        self.bias = self.bias + against_neutral[:, width:].mean(axis=1) * DOMAIN_INTERCEPT

    def logits(self, features: sparse.csr_matrix) -> Logits:
        """(texts, 2) logits, negative and positive."""
        return np.asarray(features @ self.weights + self.bias)


def predict(logits: Logits) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Class indices; neutral has logit 0."""
    return np.insert(logits, 1, 0.0, axis=1).argmax(axis=1)


def recalls(labels: np.ndarray, predicted: np.ndarray) -> list[float]:
    """Recall of each class."""
    return [float((predicted[labels == c] == c).mean()) for c in range(3)]


def correlation(logits: Logits, ratings: list[float]) -> float:
    """Pearson correlation of the polarities with mean human ratings."""
    scores = [link(round(negative * SCALE), round(positive * SCALE)) for negative, positive in logits]
    return float(np.corrcoef(scores, ratings)[0, 1])


def band_shift(shift: tuple[float, float, float], short: np.ndarray) -> Logits:
    """Logits that a placement of the neutral band adds: (negative, positive, both again for short texts)."""
    negative, positive, for_short = shift
    return np.array([negative, positive]) + for_short * short[:, None]


def place_band(logits: Logits, corpus: Corpus, ratings: list[float]) -> tuple[float, float, float]:
    """``band_shift`` that is best for giveaway comments, out of fold, while the other domains keep their floors.

    The weakest class of the comments counts on top of their mean recall: a complaint taken for neutral raises no alert.
    """
    best, chosen = -np.inf, (0.0, 0.0, 0.0)
    rows = {domain: corpus.rows_of(domain) for domain in ("comments", "tweets", "goemotions", "rated")}
    for shift in product(np.arange(-0.4, 0.31, 0.05), np.arange(-0.4, 0.31, 0.05), np.arange(0.0, 0.31, 0.1)):
        shifted = {name: logits[mask] + band_shift(shift, corpus.short[mask]) for name, mask in rows.items()}
        recall = {name: recalls(corpus.labels[rows[name]], predict(shifted[name])) for name in rows}
        value = float(np.mean(recall["comments"])) + 0.5 * min(recall["comments"])
        for name in ("tweets", "goemotions", "rated"):
            value += OTHER_DOMAINS_VOTE * float(np.mean(recall[name]))
        for name in ("tweets", "goemotions"):
            value -= FLOOR_PENALTY * max(0.0, CLASS_FLOOR - min(recall[name]))
        value -= FLOOR_PENALTY * max(0.0, CORRELATION_FLOOR - correlation(shifted["rated"], ratings))
        if value > best + 1e-9:
            best, chosen = value, (round(float(shift[0]), 2), round(float(shift[1]), 2), round(float(shift[2]), 2))
    return chosen


def vocabulary(counts: Counter[str], lexicons: Lexicons) -> set[str]:
    """Words that get a weight of their own: those that repeat and the lexicons', without stretched spellings."""
    given = lexicons.words() | {word for phrase in lexicons.phrases for word in phrase}
    repeated = {
        word
        for word, count in counts.items()
        if count >= MIN_WORD_COUNT and (unstretch(word) == word or counts[unstretch(word)] < STRETCHED_RARITY * count)
    }
    return repeated | given


def cross_validate(corpus: Corpus) -> Logits:
    """Out-of-fold logits of every row; folds are drawn with the seed."""
    fold = np.random.default_rng(SEED).integers(0, FOLDS, len(corpus.labels))
    logits = np.zeros((len(corpus.labels), 2))
    for index in range(FOLDS):
        logits[fold == index] = Fit(corpus, fold != index).logits(corpus.features[fold == index])
    return logits


def fold_weights(
    fit: Fit, corpus: Corpus, extractor: FeatureExtractor, bias: np.ndarray, short: float
) -> SentimentWeights:
    """Sums the features of each word and pair into the packed weights that the scorer adds up."""
    learned = {name: fit.weights[column] * SHARE[name[0]] * SCALE for name, column in corpus.columns.items()}
    zero = np.zeros(2)

    def total(features: dict[str, float]) -> int:
        logits = sum((learned.get(name, zero) * value for name, value in features.items()), zero)
        negative, positive = np.clip(np.rint(logits), -min(MAX_WEIGHT, 32_000), min(MAX_WEIGHT, 32_000)).astype(int)
        return pack(int(negative), int(positive))

    known = sorted({*extractor.known, *_pair_words(corpus)})
    pairs = {}
    for left, right in sorted({*_pairs(corpus), *extractor.lexicons.phrases}):
        packed = learned.get(f"p:{left} {right}", zero) + sum(
            learned.get(name, zero) * value for name, value in extractor.pair(left, right).items() if name[0] == "l"
        )
        if np.abs(packed).max() >= MIN_PAIR_WEIGHT:
            pairs[left, right] = total(extractor.pair(left, right))
    words = {word: total(extractor.part(word)) for word in known}
    return SentimentWeights(
        bias=pack(*(int(v) for v in np.rint(bias * SCALE))),
        short_bias=pack(round(short * SCALE), round(short * SCALE)),
        words=words,
        pairs=pairs,
        negated={name[2:]: total({name: 1.0}) for name in learned if name.startswith("n:") and name[2:] in set(known)},
        valences={word: v for word in known if (v := extractor.lexicons.valence(word))},
        effects={
            name[2:]: tuple(round(float(v) / SCALE, 4) for v in logits)
            for name, logits in learned.items()
            if name.startswith("e:")
        },
        ngrams=ngram_weights({word: unpack(packed) for word, packed in words.items() if word.isalpha()}),
        sources=SOURCES,
    )


def ngram_weights(words: dict[str, tuple[int, int]]) -> np.ndarray:
    """Logits of hashed character n-grams from which the weights of known words are best guessed (ridge regression).

    Unknown words get the sum over their n-grams: "scammerz" and "unfollowin" should not count for nothing.
    """
    buckets = [ngram_buckets(word) for word in words]
    starts = np.cumsum([0, *map(len, buckets)])
    columns = np.concatenate(buckets)
    matrix = sparse.csr_matrix((np.ones(len(columns)), columns, starts), shape=(len(words), NGRAM_BUCKETS))
    model = Ridge(alpha=NGRAM_RIDGE, fit_intercept=False, solver="sparse_cg", tol=1e-4)
    model.fit(matrix, np.array(list(words.values()), float))
    return np.rint(model.coef_.T).astype(np.int16)


def _pairs(corpus: Corpus) -> list[tuple[str, str]]:
    return [(*name[2:].split(" "),) for name in corpus.columns if name.startswith("p:")]  # type: ignore[misc]


def _pair_words(corpus: Corpus) -> set[str]:
    return {word for pair in _pairs(corpus) for word in pair}


def train(data: Path, artefact: Path) -> dict[str, object]:
    """Trains, writes the artefact and returns the report."""
    lexicons = load_lexicons()
    sets = {**load_training_sets(data), "constructed": construct_comments(CONSTRUCTED, SEED)}
    counts = count_words(text for texts in sets.values() for text in texts.texts)
    known = vocabulary(counts, lexicons)
    extractor = FeatureExtractor(known, lexicons)
    corpus = Corpus(sets, extractor)
    report: dict[str, object] = {"texts": len(corpus.labels), "features": len(corpus.columns)}

    out_of_fold = cross_validate(corpus)
    everything = np.ones(len(corpus.labels), bool)
    shift = place_band(out_of_fold, corpus, sets["rated"].ratings)
    out_of_fold += band_shift(shift, corpus.short)
    report["neutral_band_shift"] = shift
    for name in sets:
        rows = corpus.rows_of(name)
        recall = recalls(corpus.labels[rows], predict(out_of_fold[rows]))
        report[f"cv_{name}"] = {
            "macro_recall": round(float(np.mean(recall)), 4),
            "recalls": [round(r, 3) for r in recall],
        }
    rated = out_of_fold[corpus.rows_of("rated")]
    report["cv_rated_correlation"] = round(correlation(rated, sets["rated"].ratings), 4)

    fit = Fit(corpus, everything)
    weights = fold_weights(fit, corpus, extractor, fit.bias + shift[:2], shift[2])
    artefact.write_bytes(dump_weights(weights))
    report["artefact_bytes"] = artefact.stat().st_size

    scorer = SocialScorer(load_weights(artefact.read_bytes()))
    for name, texts in load_test_sets(data).items():
        polarities = np.array(scorer.score_many(texts.texts))
        predicted = np.where(polarities > 0.05, 2, np.where(polarities < -0.05, 0, 1))
        recall = recalls(np.array(texts.labels), predicted)
        report[name] = {"macro_recall": round(float(np.mean(recall)), 4), "recalls": [round(r, 3) for r in recall]}
    return report


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "sentiment")
    parser.add_argument("--artefact", type=Path, default=ROOT / "streams" / "data" / ARTEFACT)
    arguments = parser.parse_args()
    report = train(arguments.data, arguments.artefact)
    json.dump(report, sys.stdout, indent=2)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
