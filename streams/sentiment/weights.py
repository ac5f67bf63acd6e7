"""The learned numbers of the ``social`` scorer, and the file they travel in.

A weight is a pair of logits against the neutral class, (negative, positive), in thousandths and packed into one
integer, so that a whole text is added up by integer sums: exact, in any order and on any machine.
"""

import json
import zlib
from dataclasses import dataclass, field

import numpy as np

SCALE = 1000
"""Weights are stored as integers of 1/1000 logit."""

MAX_WEIGHT = 100 * SCALE
"""Largest absolute weight of one token: with ``MAX_TOKENS`` tokens no packed field can overflow."""

_FIELD_BITS = 32
_FIELD = 1 << _FIELD_BITS
_HALF = _FIELD >> 1

SHORT_TOKENS = 9
"""A text of at most this many tokens is short: giveaway comments mostly are, and they are rarely factual."""

MAGIC = b"CPSENT1\n"
NGRAM_BUCKETS = 1 << 15

Logits = tuple[int, int]


def pack(negative: int, positive: int) -> int:
    """Two signed fields in one integer; sums of packed integers are packed sums while each field stays in 32 bits."""
    return negative + (positive << _FIELD_BITS)


def unpack(packed: int) -> Logits:
    """The fields of ``pack``."""
    negative = ((packed + _HALF) & (_FIELD - 1)) - _HALF
    return negative, (packed - negative) >> _FIELD_BITS


@dataclass(frozen=True)
class SentimentWeights:
    """Everything the ``social`` scorer learned.

    Attributes:
        bias: Packed logits that every text starts from.
        short_bias: Packed logits that a text of at most ``SHORT_TOKENS`` tokens adds to that.
        words: Packed weight of each known word, emoji and sign.
        pairs: Packed weight of each known pair of neighbours.
        negated: Packed extra weight of words within a negation.
        valences: Feeling of each lexicon word in -1..1, on which the scopes act.
        effects: For each effect ("negated+", "boosted-", "shouted+", ...) the logits per unit of valence; the sign says
            whether it acts on good or bad words. "shouted", "stretched": logits for the fact alone.
        ngrams: (buckets, 2) logits of hashed character n-grams, for words that are not known.
        sources: Licence and attribution of the material.
    """

    bias: int
    short_bias: int
    words: dict[str, int]
    pairs: dict[tuple[str, str], int]
    negated: dict[str, int]
    valences: dict[str, float]
    effects: dict[str, tuple[float, float]]
    ngrams: np.ndarray[tuple[int, int], np.dtype[np.int16]]
    sources: list[str] = field(default_factory=list)


def dump_weights(weights: SentimentWeights) -> bytes:
    """The artefact: a magic line, then a compressed JSON header, word list and integer arrays."""
    words = list(weights.words)
    index = {word: i for i, word in enumerate(words)}
    if any("\n" in word for word in words) or len(words) > 0xFFFF:
        raise ValueError("words must be fewer than 65,536 and free of line breaks")
    pairs = sorted(weights.pairs, key=lambda pair: (index[pair[0]], index[pair[1]]))
    negated = sorted(weights.negated, key=index.__getitem__)
    valences = sorted(weights.valences, key=index.__getitem__)
    arrays = {
        "word_weights": _columns([unpack(weights.words[word]) for word in words], "<i2"),
        "pair_left": np.array([index[left] for left, _ in pairs], "<u2"),
        "pair_right": np.array([index[right] for _, right in pairs], "<u2"),
        "pair_weights": _columns([unpack(weights.pairs[pair]) for pair in pairs], "<i2"),
        "negated": np.array([index[word] for word in negated], "<u2"),
        "negated_weights": _columns([unpack(weights.negated[word]) for word in negated], "<i2"),
        "valenced": np.array([index[word] for word in valences], "<u2"),
        "valences": np.array([round(weights.valences[word] * SCALE) for word in valences], "<i2"),
        "ngrams": weights.ngrams.T.astype("<i2"),
    }
    text = "\n".join(words).encode("utf-8")
    header = {
        "bias": unpack(weights.bias),
        "short_bias": unpack(weights.short_bias),
        "effects": weights.effects,
        "sources": weights.sources,
        "text_bytes": len(text),
        "arrays": [[name, array.dtype.str, array.size] for name, array in arrays.items()],
    }
    head = json.dumps(header, ensure_ascii=True).encode("ascii")
    payload = head + b"\n" + text + b"".join(array.tobytes() for array in arrays.values())
    return MAGIC + zlib.compress(payload, 9)


def load_weights(data: bytes) -> SentimentWeights:
    """Reads what ``dump_weights`` wrote.

    Raises:
        ValueError: The data is not such an artefact.
    """
    if not data.startswith(MAGIC):
        raise ValueError("not a sentiment artefact: the magic line is missing")
    payload = zlib.decompress(data[len(MAGIC) :])
    end = payload.index(b"\n")
    header = json.loads(payload[:end])
    offset = end + 1 + header["text_bytes"]
    words = payload[end + 1 : offset].decode("utf-8").split("\n")
    arrays = {}
    for name, dtype, size in header["arrays"]:
        arrays[name] = np.frombuffer(payload, dtype, size, offset)
        offset += arrays[name].nbytes

    def named(indices: str) -> list[str]:
        return [words[i] for i in arrays[indices].tolist()]

    def packed(name: str) -> list[int]:
        negative, positive = arrays[name].astype(np.int64).reshape(2, -1)
        return (negative + (positive << _FIELD_BITS)).tolist()  # type: ignore[no-any-return]

    effects = {name: (float(negative), float(positive)) for name, (negative, positive) in header["effects"].items()}
    return SentimentWeights(
        bias=pack(*header["bias"]),
        short_bias=pack(*header["short_bias"]),
        words=dict(zip(words, packed("word_weights"), strict=True)),
        pairs=dict(zip(zip(named("pair_left"), named("pair_right"), strict=True), packed("pair_weights"), strict=True)),
        negated=dict(zip(named("negated"), packed("negated_weights"), strict=True)),
        valences=dict(zip(named("valenced"), (arrays["valences"] / SCALE).tolist(), strict=True)),
        effects=effects,
        ngrams=arrays["ngrams"].reshape(2, -1).T,
        sources=header["sources"],
    )


def ngram_buckets(word: str) -> list[int]:
    """Buckets of the character 3- and 4-grams of a word with its edges, over its UTF-8 bytes (CRC-32)."""
    edged = f"<{word}>".encode("utf-8", "surrogatepass")
    crc32 = zlib.crc32
    return [crc32(edged[i : i + n]) % NGRAM_BUCKETS for n in (3, 4) for i in range(len(edged) - n + 1)]


def _columns(logits: list[Logits], dtype: str) -> "np.ndarray[tuple[int, int], np.dtype[np.int16]]":
    return np.array(logits, dtype).reshape(-1, 2).T.copy()
