"""Sentiment scorers side by side: ``python -m bench.sentiment`` prints the tables of docs/scorers.md.

Quality is macro-averaged recall over negative, neutral and positive (the measure of SemEval-2017 task 4A) with the
recall of each class; our held-out giveaway comments are always judged, the public sets where the data folder has them.
Speed is texts a second on one thread through ``score_many``, best of several runs in batches of 2,000.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from streams.sentiment.scorers import SentimentScorer, TextBlobScorer, classify, default_scorer
from streams.sentiment.social import load_packaged_weights
from training.giveaway_templates import construct_comments
from training.sentiment_data import CLASSES, LabelledTexts, load_comments, load_labelled, load_language_comments

ROOT = Path(__file__).resolve().parent.parent
BATCH = 2_000
STREAM_LENGTH = 200_000
STOCK = (
    "done", "Done!", "done ✅", "❤️", "❤️❤️❤️", "🔥🔥🔥", "😍😍😍", "😂", "👏👏", "good luck everyone", "pick me",
    "love it",
    "following", "Entered!", "so cute", "yes please", "omg", "amazing", "listo", "feito", "fait", "fingers crossed 🤞",
)  # fmt: skip
LOAD_PROGRAM = """
import time, numpy
from streams.sentiment import scorers
started = time.perf_counter()
scorers.default_scorer().score('ready')
print(1000 * (time.perf_counter() - started))
"""


class VaderScorer:
    """VADER as published, for comparison only: it is a training dependency."""

    def __init__(self) -> None:
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        self._analyzer = SentimentIntensityAnalyzer()

    def score(self, text: str) -> float:
        """VADER's compound."""
        return float(self._analyzer.polarity_scores(text)["compound"])

    def score_many(self, texts: list[str]) -> list[float]:
        """One by one."""
        return [self.score(text) for text in texts]


def recalls(scorer: SentimentScorer, texts: LabelledTexts) -> list[float]:
    """Recall of each class."""
    hits, totals = [0, 0, 0], [0, 0, 0]
    for label, polarity in zip(texts.labels, scorer.score_many(texts.texts), strict=True):
        totals[label] += 1
        hits[label] += CLASSES[label] == classify(polarity)
    return [hit / total for hit, total in zip(hits, totals, strict=True)]


def texts_per_second(make: Callable[[], SentimentScorer], texts: list[str], runs: int = 5) -> float:
    """Best rate over fresh caches; each run gets texts that no run before has seen."""
    best = 0.0
    for run in range(runs):
        scorer = make()
        work = [f"{text} {run}x" for text in texts]
        started = time.perf_counter()
        for start in range(0, len(work), BATCH):
            scorer.score_many(work[start : start + BATCH])
        best = max(best, len(work) / (time.perf_counter() - started))
    return best


def repetitive_stream(texts: list[str], seed: int) -> list[str]:
    """A giveaway's comments: 60% stock phrases, the rest drawn from ``texts``."""
    draw = random.Random(seed)
    return [draw.choice(STOCK if draw.random() < 0.6 else texts) for _ in range(STREAM_LENGTH)]


def print_quality(scorers: dict[str, SentimentScorer], sets: dict[str, LabelledTexts]) -> None:
    """Markdown table: one row a set and scorer."""
    print("| texts | n | scorer | macro-recall | negative | neutral | positive |")
    print("|---|---|---|---|---|---|---|")
    for title, texts in sets.items():
        for name, scorer in scorers.items():
            found = recalls(scorer, texts)
            cells = " | ".join(f"{recall:.3f}" for recall in found)
            print(f"| {title} | {len(texts.texts):,} | {name} | **{sum(found) / 3:.3f}** | {cells} |")


def print_speed(tweets: list[str], comments: list[str]) -> None:
    """Markdown table of the default scorer's rates."""
    print("| texts | mean characters | texts/s |")
    print("|---|---|---|")
    cases = {
        "distinct giveaway comments": comments,
        "distinct tweets": tweets,
        "repetitive stream of comments": repetitive_stream(comments, seed=7),
    }
    for title, texts in cases.items():
        if texts:
            rate = texts_per_second(default_scorer, texts)
            print(f"| {title} | {sum(map(len, texts)) / len(texts):.0f} | {rate:,.0f} |")
    load = min(
        float(subprocess.run([sys.executable, "-c", LOAD_PROGRAM], cwd=ROOT, capture_output=True, check=True).stdout)
        for _ in range(3)
    )
    print(f"\nLoading the weights and scoring a first text in a fresh process: {load:.0f} ms.")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "sentiment")
    data = parser.parse_args().data
    sets = {f"giveaway comments, {split}": load_comments(split) for split in ("fresh", "heldout")}
    for name in ("tweets_test", "goemotions_test"):
        if (data / f"{name}.csv").exists():
            sets[name] = load_labelled(data / f"{name}.csv", name)
    load_packaged_weights()
    print_quality({"textblob": TextBlobScorer(), "VADER": VaderScorer(), "social": default_scorer()}, sets)
    print()
    for split in ("used", "last", "chosen", "judged", "first", "second", "third"):
        by_language = load_language_comments(split)
        print_quality({"social": default_scorer()}, {f"{code}, {split}": by_language[code] for code in by_language})
        print()
    comments = list(dict.fromkeys([*load_comments("train").texts, *construct_comments(6_000, seed=3).texts]))
    print_speed(list(dict.fromkeys(sets["tweets_test"].texts)) if "tweets_test" in sets else [], comments)
    return 0


if __name__ == "__main__":
    sys.exit(main())
