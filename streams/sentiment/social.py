"""The ``social`` scorer: an additive model of the sentiment of social media comments.

A text has two logits against the neutral class, negative and positive. Each is a sum over the parts of the text: words
(learned weight, lexicons, character n-grams for unknown ones), pairs of neighbours, emoji, and what negation,
intensifiers, contrast, capitals and elongation do to feeling words. ``explain`` returns exactly these parts.
``docs/sentiment.md`` describes the training.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise, repeat
from typing import Literal

from streams.sentiment.idioms import TRIGGERS, turns
from streams.sentiment.languages import MODEL, NOTHING, UNREAD, the_languages
from streams.sentiment.lexicons import load_files
from streams.sentiment.scopes import BOOSTED, CONTRASTED, FIRST_SYMBOL, NEGATED, OPENERS, scope_flags
from streams.sentiment.tokens import BEGIN, END, TOKEN, Token, analyse, fold, is_plain, tokenize
from streams.sentiment.weights import (
    MAX_WEIGHT,
    SCALE,
    SHORT_TOKENS,
    SentimentWeights,
    load_weights,
    ngram_buckets,
    pack,
    unpack,
)

ARTEFACT = "sentiment_social.bin"
MEMORY_TOKENS = 100_000
"""Raw tokens remembered at most; then the memory starts again. About 30 MB when full."""

EXTRA_TERM_LOGIT = 3.0
"""What a campaign's own term of weight 1 adds: as much as the strongest everyday words."""

EMPTY_POLARITY = 0.0
_MARGIN = 0.05
_NO_EFFECT = (0.0, 0.0)

_PLAIN = (1 << 63) - 1
"""The largest sum of packed logits; what lies above are notes."""
NOTES_SHIFT = 64
FOREIGN, IDIOM = 1 << 16, 1 << 32
"""The notes on a token that tells of another language, and of one that an idiom may hold; 1 is that on an unknown word.
Sums of notes tell how many there are of each: a text has ``MAX_TOKENS`` tokens at most."""
LEAST_UNKNOWN = 3
"""Unknown words from which a text may be of an unknown language."""
FOREIGN_FROM = 4
"""One foreign word among so many others is a loan or a name: the text is not looked into for its language."""
_BY_MODEL = MODEL | {NOTHING}

LIST_LOGIT = 1_300.0
"""Logit of a weight of 1 in a list, in thousandths; half as much (``LIST_OTHER``) is taken from the other class."""
LIST_OTHER = 0.5
_LIST_BIAS = (-800, -900)
"""Logits that a text starts from which is read by a list. Of as much blame as praise it is blame."""

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


class _TokenMemory(dict[str, str]):
    """Raw token to norm, and beside it the packed weights; an unknown token is analysed once.

    Known words in lower case are there from the start. The scorer replaces a memory that has grown too large by a fresh
    one, so that a batch under way in another thread keeps a consistent one.
    """

    __slots__ = ("_scorer", "scoped", "weight_of")

    def __init__(self, scorer: "SocialScorer") -> None:
        super().__init__(scorer.plain_words)
        self._scorer = scorer
        self.weight_of: dict[str, int] = dict(scorer.plain_weights)
        # For each combination of scope flags what it changes for a raw token; filled when it first reaches the token.
        self.scoped: tuple[dict[str, int], ...] = tuple({} for _ in range(8))

    def __missing__(self, raw: str) -> str:
        norm, self.weight_of[raw] = self._scorer.analyse(raw)
        self[raw] = norm
        return norm

    def scope_change(self, raw: str, flag: int) -> int:
        change = self.scoped[flag][raw] = self._scorer.scope_change(raw, flag)
        return change


class SocialScorer:
    """Additive three-class scorer; see the module.

    Args:
        weights: What was learned.
        extra_terms: A campaign's own words, word pairs, hashtags or emoji with a weight in -1..1: 1 counts like the
            strongest everyday praise, -1 like the strongest complaint, on top of what the model thinks.

    Raises:
        ValueError: A term is empty or longer than two words, or a weight lies outside -1..1.
    """

    def __init__(self, weights: SentimentWeights, extra_terms: Mapping[str, float] | None = None) -> None:
        self._weights = weights
        self._known: Mapping[str, int] = weights.words
        self._extra: dict[str, int] = {}
        self._pairs = weights.pairs
        if extra_terms:
            self._add_terms(extra_terms)
        plain = {word: word for word in self._known if word.isalpha() and word.isascii()}
        self.plain_words = plain
        self.plain_weights = {word: weights.words.get(word, 0) + self._extra.get(word, 0) for word in plain}
        for words, note in ((the_languages().known() - TRIGGERS, FOREIGN), (TRIGGERS, IDIOM)):
            for word in words & plain.keys():
                self.plain_weights[word] += note << NOTES_SHIFT
        self._memory = _TokenMemory(self)

    def is_of_lexicon(self, word: str) -> bool:
        """Whether a word in lower case is one of the lexicon's, or an emoji that is known."""
        return word in self._weights.valences or (word in self._known and not any(map(str.isalnum, word)))

    def score(self, text: str) -> float:
        """Polarity of the first 10,000 characters: 0 when neutral wins, otherwise beyond ±0.05."""
        return self.score_many([text])[0]

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities in order; the same function as ``score``."""
        if len(self._memory) > len(self.plain_words) + MEMORY_TOKENS:
            self._memory = _TokenMemory(self)
        memory = self._memory
        find, norm_of, weight_of, pair_weight = TOKEN.findall, memory.__getitem__, memory.weight_of, self._pairs.get
        bias, without_opener, zeros = self._weights.bias, OPENERS.isdisjoint, repeat(0)
        short_bias = bias + self._weights.short_bias
        scores: list[float] = []
        for text in texts:
            raws = find(text) if is_plain(text) else tokenize(text)
            if not raws:
                scores.append(EMPTY_POLARITY)
                continue
            norms = [BEGIN, *map(norm_of, raws), END]
            packed = sum(map(weight_of.__getitem__, raws), bias if len(raws) > SHORT_TOKENS else short_bias)
            packed += sum(map(pair_weight, pairwise(norms), zeros))
            if not without_opener(norms):
                packed += self._scope_changes(memory, raws, norms[1:-1])
            if packed > _PLAIN:
                notes = (packed + _PLAIN + 1) >> NOTES_SHIFT
                packed -= notes << NOTES_SHIFT
                if notes >= LEAST_UNKNOWN:
                    # Words are unknown, or tell of another language or an idiom: few texts come here.
                    scores.append(self._score_noted(text, raws, norms[1:-1], notes, packed))
                    continue
            scores.append(link(*unpack(packed)))
        return scores

    def _score_noted(self, text: str, raws: list[str], norms: list[str], notes: int, packed: int) -> float:
        """The score of a text with notes on its tokens, from its sum by the model."""
        language = self._language(text, raws, notes)
        if language not in _BY_MODEL:
            parts = self._listed(text, raws, language)
            if parts is None:
                return UNREAD
            return link(sum(part.negative for part in parts), sum(part.positive for part in parts))
        if notes >= IDIOM:
            packed += sum(pack(part.negative, part.positive) for part in self._idioms(norms, packed))
        return link(*unpack(packed))

    def _language(self, text: str, raws: list[str], notes: int) -> str:
        """The language of a text with such notes on its tokens; ``NOTHING`` where it need not be looked for."""
        unknown, foreign = notes % FOREIGN, notes % IDIOM // FOREIGN
        if foreign or (unknown >= LEAST_UNKNOWN and unknown * FOREIGN_FROM >= len(raws)):
            words = sum(map(_is_word, raws))
            if foreign * FOREIGN_FROM >= words or unknown == words:
                return the_languages().language_of(text, self._known)
        return NOTHING

    def _listed(self, text: str, raws: list[str], language: str) -> list[Part] | None:
        """What the list of a language, emoji and the campaign's terms say; None when it has no list."""
        file = load_files().get(language)
        if file is None:
            return None
        parts = [Part("bias", language, *_LIST_BIAS)]
        for hit in file.lexicon.hits(text):
            for_it, against = round(LIST_LOGIT * abs(hit.weight)), -round(LIST_LOGIT * LIST_OTHER * abs(hit.weight))
            parts.append(Part("list", hit.text, *((against, for_it) if hit.weight > 0 else (for_it, against))))
        memory = self._memory
        for raw in raws:
            norm = memory[raw]
            if not raw[0].isalnum() and (norm > FIRST_SYMBOL or norm.startswith(":")):
                parts.append(Part("word", raw, *unpack(memory.weight_of[raw])))
            elif term := self._extra.get(norm):
                parts.append(Part("term", raw, *unpack(term)))
        return parts

    def _idioms(self, norms: list[str], packed: int) -> list[Part]:
        _, positive = unpack(packed)
        return [Part("idiom", *turn) for turn in turns(norms, self._weights.valences, positive)]

    def explain(self, text: str) -> Explanation:
        """The score of a text with every part that made it; none for a text that is not read."""
        raws = tokenize(text)
        if not raws:
            return Explanation(EMPTY_POLARITY, 0, 0, ())
        memory = self._memory
        norms = [memory[raw] for raw in raws]
        notes = sum((memory.weight_of[raw] + _PLAIN + 1) >> NOTES_SHIFT for raw in raws)
        language = self._language(text, raws, notes)
        if language not in _BY_MODEL:
            listed = self._listed(text, raws, language)
            return _explained(listed) if listed else Explanation(UNREAD, 0, 0, ())
        parts = [Part("bias", "", *unpack(self._weights.bias))]
        if len(raws) <= SHORT_TOKENS:
            parts.append(Part("bias", "short text", *unpack(self._weights.short_bias)))
        framed = [BEGIN, *norms, END]
        flags = scope_flags(norms)
        for i, raw in enumerate(raws):
            parts.append(Part("word", raw, *unpack(_without_notes(memory.weight_of[raw]))))
            if flags[i]:
                scopes = "+".join(name for bit, name in _FLAG_NAMES.items() if flags[i] & bit)
                parts.append(Part("scope", f"{raw} ({scopes})", *unpack(self.scope_change(raw, flags[i]))))
        parts.extend(
            Part("pair", f"{left} {right}", *unpack(self._pairs.get((left, right), 0)))
            for left, right in pairwise(framed)
        )
        if notes >= IDIOM:
            packed = pack(sum(part.negative for part in parts), sum(part.positive for part in parts))
            parts += self._idioms(norms, packed)
        return _explained(parts)

    def _scope_changes(self, memory: _TokenMemory, raws: list[str], norms: list[str]) -> int:
        scoped = memory.scoped
        packed = 0
        for raw, flag in zip(raws, scope_flags(norms), strict=True):
            if flag:
                change = scoped[flag].get(raw)
                packed += memory.scope_change(raw, flag) if change is None else change
        return packed

    def analyse(self, raw: str) -> tuple[str, int]:
        """Norm and packed weight of a raw token."""
        word = raw.lower()
        if word in self.plain_words and (raw == word or len(raw) == 1 or not raw.isupper()):
            return word, self.plain_weights[word]  # What the long way would find, for most tokens of most texts.
        token = analyse(raw, self._known)
        note = self._note(raw, token)
        if note == FOREIGN and token.norm not in self._known:
            return (
                token.norm,
                note << NOTES_SHIFT,
            )  # Its letters would be taken for those of a language that the model knows.
        negative = positive = 0.0
        for part, times in token.parts:
            part_negative, part_positive = unpack(self._part_weight(part))
            negative += part_negative * times
            positive += part_positive * times
        facts = [name for fact, name in ((token.shouted, "shouted"), (token.stretched, "stretched")) if fact]
        effects = [self._effect(name, *self._feelings(token)) for name in facts]
        negative += sum(effect[0] for effect in effects)
        positive += sum(effect[1] for effect in effects)
        packed = _clipped(negative, positive)
        if len(token.parts) > 1:
            packed += self._extra.get(fold(raw), 0)
        return token.norm, packed + (note << NOTES_SHIFT)

    def _note(self, raw: str, token: Token) -> int:
        """What is noted of a token: ``FOREIGN`` when it tells of another language, ``IDIOM``, 1 when it is unknown."""
        if not _is_word(raw):
            return 0
        if token.norm in TRIGGERS:
            return IDIOM
        is_known = token.norm in self._known
        if the_languages().is_foreign(raw, is_known=is_known):
            return FOREIGN
        return int(not is_known and token.norm.isalpha() and not the_languages().is_told(token.norm))

    def scope_change(self, raw: str, flag: int) -> int:
        """What a combination of scope flags adds to a raw token, packed."""
        token = analyse(raw, self._known)
        packed = self._weights.negated.get(token.norm, 0) if flag & NEGATED else 0
        good, bad = self._feelings(token)
        if good or bad:
            effects = [self._effect(name, good, bad) for bit, name in _FLAG_NAMES.items() if flag & bit]
            packed += _clipped(sum(effect[0] for effect in effects), sum(effect[1] for effect in effects))
        return packed

    def _effect(self, name: str, good: float, bad: float) -> tuple[float, float]:
        """Logits, in thousandths, of an effect on a token with these amounts of good and bad."""
        effects = self._weights.effects
        fact, on_good, on_bad = (effects.get(key, _NO_EFFECT) for key in (name, name + "+", name + "-"))
        negative = fact[0] + on_good[0] * good + on_bad[0] * bad
        positive = fact[1] + on_good[1] * good + on_bad[1] * bad
        return negative * SCALE, positive * SCALE

    def _part_weight(self, part: str) -> int:
        weight = self._weights.words.get(part)
        if weight is None and part.isascii() and part.isalpha():
            rows = self._weights.ngrams[ngram_buckets(part)]
            weight = _clipped(*rows.sum(axis=0, dtype="i8").tolist())
        return (weight or 0) + self._extra.get(part, 0)

    def _feelings(self, token: Token) -> tuple[float, float]:
        """Sums of the good and of the bad valences of a token's parts, both as amounts."""
        good = bad = 0.0
        for part, times in token.parts:
            valence = self._weights.valences.get(part, 0.0)
            if valence > 0:
                good += valence * times
            else:
                bad -= valence * times
        return good, bad

    def _add_terms(self, terms: Mapping[str, float]) -> None:
        known = dict(self._weights.words)
        pairs = dict(self._weights.pairs)
        singles: Iterable[tuple[list[str], float]] = [(tokenize(term), weight) for term, weight in terms.items()]
        for term, (raws, weight) in zip(terms, singles, strict=True):
            if not 1 <= len(raws) <= 2:
                raise ValueError(f"extra term {term!r} must be one or two words, a hashtag or an emoji")
            if not -1.0 <= weight <= 1.0:
                raise ValueError(f"weight of extra term {term!r} must lie in -1..1, got {weight}")
            logit = round(weight * EXTRA_TERM_LOGIT * SCALE)
            if len(raws) == 1:
                token = analyse(raws[0], known)
                key = token.norm if len(token.parts) == 1 else fold(raws[0])
                self._extra[key] = pack(-logit, logit)
                known.setdefault(key, 0)
            else:
                left, right = (analyse(raw, known).norm for raw in raws)
                known.setdefault(left, 0)
                known.setdefault(right, 0)
                pairs[left, right] = pairs.get((left, right), 0) + pack(-logit, logit)
        self._known, self._pairs = known, pairs


_FLAG_NAMES = {NEGATED: "negated", BOOSTED: "boosted", CONTRASTED: "contrasted"}


def _is_word(raw: str) -> bool:
    return raw[0].isalnum()


def _without_notes(packed: int) -> int:
    return packed - (((packed + _PLAIN + 1) >> NOTES_SHIFT) << NOTES_SHIFT)


def _explained(parts: list[Part]) -> Explanation:
    kept = tuple(part for part in parts if part.negative or part.positive)
    negative, positive = sum(part.negative for part in kept), sum(part.positive for part in kept)
    return Explanation(link(negative, positive), negative, positive, kept)


def _clipped(negative: float, positive: float) -> int:
    return pack(max(-MAX_WEIGHT, min(MAX_WEIGHT, round(negative))), max(-MAX_WEIGHT, min(MAX_WEIGHT, round(positive))))


def load_social_scorer(extra_terms: Mapping[str, float] | None = None) -> SocialScorer:
    """The ``social`` scorer with the weights that ship with the package.

    Without terms of a campaign it is one object, shared, so that its memory of tokens is filled once.
    """
    return SocialScorer(load_packaged_weights(), extra_terms) if extra_terms else _plain_scorer()


@cache
def _plain_scorer() -> SocialScorer:
    return SocialScorer(load_packaged_weights())


@cache
def load_packaged_weights() -> SentimentWeights:
    """The weights that ship with the package; read once, because nothing changes them."""
    return load_weights(resources.files("streams.sentiment").joinpath("data", ARTEFACT).read_bytes())
