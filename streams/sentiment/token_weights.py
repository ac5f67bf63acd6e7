"""What one token weighs: its norm, its logits, what it tells of the text's language, what scopes change about it.

A token is analysed once; ``TokenMemory`` remembers what was found.
"""

from collections.abc import Iterable, Mapping

from streams.sentiment.idioms import TRIGGERS
from streams.sentiment.languages import the_languages
from streams.sentiment.scopes import BOOSTED, CONTRASTED, NEGATED
from streams.sentiment.tokens import Token, analyse, fold, tokenize
from streams.sentiment.weights import MAX_WEIGHT, SCALE, SentimentWeights, ngram_buckets, pack, unpack

EXTRA_TERM_LOGIT = 3.0
"""What a campaign's own term of weight 1 adds: as much as the strongest everyday words."""
_NO_EFFECT = (0.0, 0.0)

PLAIN = (1 << 63) - 1
"""The largest sum of packed logits; what lies above are notes."""
NOTES_SHIFT = 64
FOREIGN, IDIOM = 1 << 16, 1 << 32
"""The notes on a token that tells of another language, and of one that an idiom may hold; 1 is that on an unknown word.
Sums of notes tell how many there are of each: a text has ``MAX_TOKENS`` tokens at most."""
FLAG_NAMES = {NEGATED: "negated", BOOSTED: "boosted", CONTRASTED: "contrasted"}


class TokenMemory(dict[str, str]):
    """Raw token to norm, and beside it the packed weights; an unknown token is analysed once.

    Known words in lower case are there from the start. The scorer replaces a memory that has grown too large by a fresh
    one, so that a batch under way in another thread keeps a consistent one.
    """

    __slots__ = ("_weights", "scoped", "weight_of")

    def __init__(self, weights: "TokenWeights") -> None:
        super().__init__(weights.plain_words)
        self._weights = weights
        self.weight_of: dict[str, int] = dict(weights.plain_weights)
        # For each combination of scope flags what it changes for a raw token; filled when it first reaches the token.
        self.scoped: tuple[dict[str, int], ...] = tuple({} for _ in range(8))

    def __missing__(self, raw: str) -> str:
        norm, self.weight_of[raw] = self._weights.analyse(raw)
        self[raw] = norm
        return norm

    def scope_change(self, raw: str, flag: int) -> int:
        """Return what ``TokenWeights.scope_change`` says, and remember it."""
        change = self.scoped[flag][raw] = self._weights.scope_change(raw, flag)
        return change


class TokenWeights:
    """The weights of single tokens and of pairs, a campaign's own terms included; arguments as of ``SocialScorer``."""

    def __init__(self, weights: SentimentWeights, extra_terms: Mapping[str, float] | None = None) -> None:
        self._weights = weights
        self.known: Mapping[str, int] = weights.words
        self.extra: dict[str, int] = {}
        self.pairs = weights.pairs
        if extra_terms:
            self._add_terms(extra_terms)
        plain = {word: word for word in self.known if word.isalpha() and word.isascii()}
        self.plain_words = plain
        self.plain_weights = {word: weights.words.get(word, 0) + self.extra.get(word, 0) for word in plain}
        for words, note in ((the_languages().known() - TRIGGERS, FOREIGN), (TRIGGERS, IDIOM)):
            for word in words & plain.keys():
                self.plain_weights[word] += note << NOTES_SHIFT

    def analyse(self, raw: str) -> tuple[str, int]:
        """Norm and packed weight of a raw token."""
        word = raw.lower()
        if word in self.plain_words and (raw == word or len(raw) == 1 or not raw.isupper()):
            return word, self.plain_weights[word]  # What the long way would find, for most tokens of most texts.
        token = analyse(raw, self.known)
        note = self._note(raw, token)
        if note == FOREIGN and token.norm not in self.known:
            # Its letters would be taken for those of a language that the model knows.
            return token.norm, note << NOTES_SHIFT
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
            packed += self.extra.get(fold(raw), 0)
        return token.norm, packed + (note << NOTES_SHIFT)

    def _note(self, raw: str, token: Token) -> int:
        """What is noted of a token: ``FOREIGN`` when it tells of another language, ``IDIOM``, 1 when it is unknown."""
        if not is_word(raw):
            return 0
        if token.norm in TRIGGERS:
            return IDIOM
        is_known = token.norm in self.known
        if the_languages().is_foreign(raw, is_known=is_known):
            return FOREIGN
        return int(not is_known and token.norm.isalpha() and not the_languages().is_told(token.norm))

    def scope_change(self, raw: str, flag: int) -> int:
        """What a combination of scope flags adds to a raw token, packed."""
        token = analyse(raw, self.known)
        packed = self._weights.negated.get(token.norm, 0) if flag & NEGATED else 0
        good, bad = self._feelings(token)
        if good or bad:
            effects = [self._effect(name, good, bad) for bit, name in FLAG_NAMES.items() if flag & bit]
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
        return (weight or 0) + self.extra.get(part, 0)

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
                self.extra[key] = pack(-logit, logit)
                known.setdefault(key, 0)
            else:
                left, right = (analyse(raw, known).norm for raw in raws)
                known.setdefault(left, 0)
                known.setdefault(right, 0)
                pairs[left, right] = pairs.get((left, right), 0) + pack(-logit, logit)
        self.known, self.pairs = known, pairs


def is_word(raw: str) -> bool:
    """Return whether a raw token is a word or a number, neither a sign nor an emoji."""
    return raw[0].isalnum()


def without_notes(packed: int) -> int:
    """Return a token's packed logits without what is noted of it."""
    return packed - (((packed + PLAIN + 1) >> NOTES_SHIFT) << NOTES_SHIFT)


def _clipped(negative: float, positive: float) -> int:
    return pack(max(-MAX_WEIGHT, min(MAX_WEIGHT, round(negative))), max(-MAX_WEIGHT, min(MAX_WEIGHT, round(positive))))
