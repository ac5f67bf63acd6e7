"""Hashes under a secret key: who does not know it cannot make two ids that are alike.

``MULTILINEAR-HM`` of Lemire and Kaser ("Strongly universal string hashing is fast", 2012, theorem 3.1): a text in words
of 32 bits, its length being one of them, is summed up as products of two words, each with a key of its own added; the
upper half of the 64 bits is strongly universal. Two such sums under independent keys make 64 bits: two different texts
are alike with probability 2**-64, and of a text one of whose hashes is 0, which stands for 1 here, with 2**-63. So
somebody who does not know the key, and who sends q events against n that are remembered, has one of them taken for
another with a probability of at most q * n / 2**63, whatever time was spent on choosing their ids. Keys come out of
SHAKE-256, so whoever could do better could tell that from chance. Texts of more than ``LONGEST`` bytes are hashed by
BLAKE2b with a key (RFC 7693).

Ids of 20 bytes cost 60 to 110 ns each in batches of thousands, where a call of XXH3 for each takes 160 with what goes
with it; a batch of a few takes some 35 µs, whose words of all places are taken and multiplied together.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from streams.columns.arrays import I64, U64, where
from streams.columns.strings import SEPARATOR, is_escaped, stretches_of, taken_apart

KEY_BYTES: Final = 16
UNKNOWN_KEY: Final = bytes(KEY_BYTES)
"""The key where nobody has given one: for tests and measurements."""
LONGEST: Final = 64
"""Bytes of the longest text that is hashed in columns: longer ids are rare, and one would hold up its batch."""
_WORD: Final = 8
"""Bytes of a word of 64 bits, two of the words that are multiplied."""
_PAIR: Final = 2 * _WORD
_PAIRS: Final = LONGEST // _PAIR
_AT_A_TIME: Final = 1024
"""Texts hashed together: what is computed on the way stays in the processor's cache."""
_PADDING: Final = bytes(LONGEST)
_AT: Final = np.arange(0, LONGEST, _WORD)[:, None]
"""Where the words of a text begin."""
_HALF: Final = np.uint64(32)
_LOW: Final = np.uint64(0xFFFFFFFF)
_UPPER: Final = np.uint64(0xFFFFFFFF00000000)
_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(9)], dtype=np.uint64)
"""By how many bytes of a word belong to a text."""


class KeyedHashes:
    """Hashes texts under a key.

    Args:
        key: the secret.
        purpose: texts of two purposes have nothing in common.
    """

    def __init__(self, key: bytes, purpose: bytes) -> None:
        self._key = hashlib.blake2b(purpose, key=key, digest_size=32).digest()
        words = hashlib.shake_256(self._key).digest(8 * 2 * (3 + 4 * _PAIRS))
        keys = np.frombuffer(words, dtype="<u8").astype(np.uint64).reshape(2, -1)
        self._low_keys, self._high_keys = keys[:, 3::2, None], keys[:, 4::2, None]
        self._begins = np.stack([_begins(each) for each in keys])

    def of(self, texts: Sequence[str]) -> U64:
        """Return the hash of each text; none is 0."""
        if not texts:
            return np.zeros(0, dtype=np.uint64)
        data = "\0".join(texts).encode()
        if data.count(SEPARATOR) == len(texts) - 1:
            return self._of_stretches(data, *stretches_of(data))
        parts = [text.encode() for text in texts]  # a text has such characters itself
        ends = np.cumsum([len(part) for part in parts])
        return self._of_stretches(b"".join(parts), np.append(0, ends[:-1]), ends)

    def of_joined(self, joined: bytes) -> U64:
        """Return the hash of each of several joined strings (``streams.columns.strings``), of which there is one."""
        if is_escaped(joined):
            return self.of(taken_apart(joined))
        return self._of_stretches(joined, *stretches_of(joined))

    def _of_stretches(self, data: bytes, starts: I64, ends: I64) -> U64:
        lengths = ends - starts
        data += _PADDING
        words = np.ndarray((len(data) - _WORD + 1,), dtype=f"V{_WORD}", buffer=data, strides=(1,))
        hashes = np.empty(len(starts), dtype=np.uint64)
        for begin in range(0, len(starts), _AT_A_TIME):
            some = slice(begin, begin + _AT_A_TIME)
            hashes[some] = self._columns(words, starts[some], np.minimum(lengths[some], LONGEST))
        for place in where(lengths > LONGEST).tolist():
            stretch = data[starts[place] : starts[place] + lengths[place]]
            hashes[place] = int.from_bytes(hashlib.blake2b(stretch, key=self._key, digest_size=8).digest(), "big")
        hashes[hashes == 0] = 1
        return hashes

    def _columns(self, words: NDArray[np.void], starts: I64, lengths: I64) -> U64:
        pairs = -(-int(lengths.max()) // _PAIR)
        count = 2 * pairs
        taken = words[starts + _AT[:count]].view("<u8")  # [word, text]: a small batch pays for calls, not for words
        taken &= _MASKS[np.minimum(np.maximum(lengths - _AT[:count], 0), _WORD)]
        low, high = taken & _LOW, taken >> _HALF
        sums = []
        for key in (0, 1):
            products = low + self._low_keys[key, :count]
            products *= high + self._high_keys[key, :count]
            sums.append(np.add.reduce(products, axis=0) + self._begins[key, pairs][lengths])
        hashes: U64 = (sums[0] & _UPPER) | (sums[1] >> _HALF)
        return hashes


def _begins(keys: U64) -> U64:
    """Return what the sum of a text begins with, ``[pairs, length]``: the length's own product, and those of padding.

    All texts are as if zeros made them ``LONGEST`` bytes long. What zeros add behind so many pairs of words is known
    beforehand.
    """
    zeros = (keys[3::2] * keys[4::2]).reshape(-1, 2).sum(axis=1, dtype=np.uint64)
    padding = np.append(np.cumsum(zeros[::-1], dtype=np.uint64)[::-1], np.uint64(0))
    lengths = np.arange(LONGEST + 1, dtype=np.uint64)
    begun: U64 = keys[0] + (lengths + keys[1]) * keys[2] + padding[:, None]
    return begun
