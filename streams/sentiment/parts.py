"""What a score is made of: addends of two logits, and the polarity that they give."""

import math
from dataclasses import dataclass
from typing import Literal

from streams.sentiment.weights import SCALE

_MARGIN = 0.05

PartKind = Literal["bias", "word", "pair", "scope", "term", "list", "idiom"]


@dataclass(frozen=True, slots=True)
class Part:
    """One addend of a text's logits.

    Attributes:
        kind: ``word`` (also emoji, signs and unknown words), ``pair`` of neighbours, ``scope`` (what negation,
            intensifiers and contrast change), ``idiom``, ``term`` of the campaign, ``list`` (an entry of the language's
            list), or the ``bias``.
        text: What it is about.
        negative: Logit for the negative class against neutral, in thousandths.
        positive: Likewise for the positive class.
    """

    kind: PartKind
    text: str
    negative: int
    positive: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score and the parts whose sums made it.

    Attributes:
        polarity: What ``score`` returns for the text.
        negative: Sum of the parts' negative logits, in thousandths.
        positive: Sum of the parts' positive logits.
        parts: Every addend that is not zero, in text order, the bias first.
    """

    polarity: float
    negative: int
    positive: int
    parts: tuple[Part, ...]


def link(negative: int, positive: int) -> float:
    """Polarity of two logits against neutral, in thousandths.

    0 when neither exceeds neutral; otherwise the difference of the class probabilities (softmax), moved beyond ±0.05.
    """
    if positive <= 0 and negative <= 0:
        return 0.0
    up = math.exp(max(-30.0, min(30.0, positive / SCALE)))
    down = math.exp(max(-30.0, min(30.0, negative / SCALE)))
    difference = (up - down) / (1.0 + up + down)
    sign = 1.0 if positive >= negative else -1.0
    return sign * (_MARGIN + 1e-6) + (1.0 - _MARGIN - 1e-6) * difference


def explained(parts: list[Part]) -> Explanation:
    """Return the explanation of a text with these parts; those of zero are left out."""
    kept = tuple(part for part in parts if part.negative or part.positive)
    negative, positive = sum(part.negative for part in kept), sum(part.positive for part in kept)
    return Explanation(link(negative, positive), negative, positive, kept)
