"""The ``social`` scorer: an additive model of the sentiment of social media comments.

A text has two logits against the neutral class, negative and positive. Each is a sum over the parts of the text: words
(learned weight, lexicons, character n-grams for unknown ones), pairs of neighbours, emoji, and what negation,
intensifiers, contrast, capitals and elongation do to feeling words. ``explain`` returns exactly these parts.
``docs/sentiment.md`` describes the training.
"""

from collections.abc import Mapping
from functools import cache
from importlib import resources
from itertools import pairwise, repeat

from streams.sentiment.everyday import with_everyday
from streams.sentiment.idioms import turns
from streams.sentiment.languages import MODEL, NOTHING, UNREAD, the_languages
from streams.sentiment.lexicons import load_files
from streams.sentiment.parts import Explanation, Part, explained, link
from streams.sentiment.scopes import FIRST_SYMBOL, OPENERS, scope_flags
from streams.sentiment.token_weights import (
    FLAG_NAMES,
    FOREIGN,
    IDIOM,
    NOTES_SHIFT,
    PLAIN,
    TokenMemory,
    TokenWeights,
    is_word,
    without_notes,
)
from streams.sentiment.tokens import BEGIN, END, TOKEN, is_plain, tokenize
from streams.sentiment.weights import SHORT_TOKENS, SentimentWeights, load_weights, pack, unpack

ARTEFACT = "sentiment_social.bin"
MEMORY_TOKENS = 100_000
"""Raw tokens remembered at most; then the memory starts again. About 30 MB when full."""

EMPTY_POLARITY = 0.0

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
        self.tokens = TokenWeights(weights, extra_terms)
        self._memory = TokenMemory(self.tokens)

    def is_of_lexicon(self, word: str) -> bool:
        """Whether a word in lower case is one of the lexicon's, or an emoji that is known."""
        return word in self._weights.valences or (word in self.tokens.known and not any(map(str.isalnum, word)))

    def score(self, text: str) -> float:
        """Polarity of the first 10,000 characters: 0 when neutral wins, otherwise beyond ±0.05."""
        return self.score_many([text])[0]

    def score_many(self, texts: list[str]) -> list[float]:
        """Polarities in order; the same function as ``score``."""
        if len(self._memory) > len(self.tokens.plain_words) + MEMORY_TOKENS:
            self._memory = TokenMemory(self.tokens)
        memory = self._memory
        find, norm_of, weight_of = TOKEN.findall, memory.__getitem__, memory.weight_of
        pair_weight = self.tokens.pairs.get
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
            if packed > PLAIN:
                notes = (packed + PLAIN + 1) >> NOTES_SHIFT
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
            words = sum(map(is_word, raws))
            if foreign * FOREIGN_FROM >= words or unknown == words:
                return the_languages().language_of(text, self.tokens.known)
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
            elif term := self.tokens.extra.get(norm):
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
        notes = sum((memory.weight_of[raw] + PLAIN + 1) >> NOTES_SHIFT for raw in raws)
        language = self._language(text, raws, notes)
        if language not in _BY_MODEL:
            listed = self._listed(text, raws, language)
            return explained(listed) if listed else Explanation(UNREAD, 0, 0, ())
        parts = [Part("bias", "", *unpack(self._weights.bias))]
        if len(raws) <= SHORT_TOKENS:
            parts.append(Part("bias", "short text", *unpack(self._weights.short_bias)))
        framed = [BEGIN, *norms, END]
        flags = scope_flags(norms)
        for i, raw in enumerate(raws):
            parts.append(Part("word", raw, *unpack(without_notes(memory.weight_of[raw]))))
            if flags[i]:
                scopes = "+".join(name for bit, name in FLAG_NAMES.items() if flags[i] & bit)
                parts.append(Part("scope", f"{raw} ({scopes})", *unpack(self.tokens.scope_change(raw, flags[i]))))
        parts.extend(
            Part("pair", f"{left} {right}", *unpack(self.tokens.pairs.get((left, right), 0)))
            for left, right in pairwise(framed)
        )
        if notes >= IDIOM:
            packed = pack(sum(part.negative for part in parts), sum(part.positive for part in parts))
            parts += self._idioms(norms, packed)
        return explained(parts)

    def _scope_changes(self, memory: TokenMemory, raws: list[str], norms: list[str]) -> int:
        scoped = memory.scoped
        packed = 0
        for raw, flag in zip(raws, scope_flags(norms), strict=True):
            if flag:
                change = scoped[flag].get(raw)
                packed += memory.scope_change(raw, flag) if change is None else change
        return packed


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
    """The weights that ship with the package, and everyday words; read once, because nothing changes them."""
    return with_everyday(load_weights(resources.files("streams.sentiment").joinpath("data", ARTEFACT).read_bytes()))
