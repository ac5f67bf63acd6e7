"""Handles: how like a name one reads, and what shape it has.

A bigram model over letters, learned from the campaign's own handles and from a list of names and words, says how
likely a handle's letters are; one far below its campaign's own is called random. People do choose such handles: it is
weak evidence, never enough alone.
"""

import re
from typing import Final

import numpy as np

from streams.columns.arrays import F64, I64
from streams.suspicion.comment_columns import ramp

LETTERS_AT_LEAST: Final = 6
"""Shorter handles say too little."""
DEVIATIONS: Final = (2.5, 5.0)
"""How far below the median, in median absolute deviations times 1.4826 (so that it equals a standard deviation)."""
_PRIOR_WEIGHT: Final = 3
_OTHER: Final = 27
_LETTERS: Final = re.compile(r"[^\W\d_]+")
_RUN: Final = re.compile(r"[^\W\d_]+|\d|.", re.DOTALL)
_NAMES: Final = (
    "anna maria laura julia sarah emma sophia olivia mia lena lea hannah clara nina lisa paula eva ines carmen lucia "
    "elena sofia marta rosa ana beatriz carolina fernanda camila gabriela juliana leticia amanda bruna larissa rafaela "
    "marie camille chloe manon juliette louise alice charlotte margaux pauline aurelie celine nathalie sandrine "
    "giulia francesca chiara martina federica valentina alessia silvia elisa katarzyna agnieszka magda zofia ewa "
    "olga irina natalia svetlana anastasia ekaterina fatima aisha zeynep elif ayse leyla yasmin noor priya divya "
    "sakura yuki hana mei ling nguyen thi kim jisoo minji john james michael david robert daniel thomas matthew joshua "
    "andrew ryan kevin brian jason eric adam oliver harry jack george charlie lukas felix jonas paul maximilian leon "
    "finn moritz stefan andreas markus peter juan carlos jose luis miguel javier diego pablo alejandro sergio antonio "
    "joao pedro lucas mateus rafael gustavo thiago pierre antoine nicolas julien marco luca matteo andrea giovanni "
    "piotr tomasz ivan dmitri ahmed mohamed omar ali mehmet mustafa raj amit rahul arjun kenji hiroshi wei chen wang "
    "smith jones taylor brown williams wilson johnson davies evans walker wright robinson thompson white hughes garcia "
    "martinez lopez gonzalez rodriguez fernandez silva santos oliveira souza pereira costa mueller schmidt schneider "
    "fischer weber meyer wagner becker hoffmann martin bernard dubois petit rossi russo ferrari bianchi kowalski "
    "the real official its just miss mister mama papa little happy lovely sunny sweet dream star moon ocean flower "
    "garden home life style beauty makeup fitness yoga travel world photo art design books reads music dance food "
    "kitchen coffee cake vegan dog cat love girl boy queen king baby family cute blue green pink gold black white red"
)


def handle_shape(handle: str) -> str:
    """Return the shape of a handle: runs of letters as ``a``, digits as so many ``9``, all else as it is."""
    return "".join("a" if run[0].isalpha() else "9" if run[0].isdigit() else run for run in _RUN.findall(handle))


def random_handles(handles: list[str]) -> F64:
    """Return how random each handle reads, 0..1."""
    strength = np.zeros(len(handles))
    letters = [" ".join(_LETTERS.findall(handle)) for handle in handles]
    rows = np.fromiter((row for row, text in enumerate(letters) if len(text) >= LETTERS_AT_LEAST), np.int64)
    if not len(rows):
        return strength
    codes, starts = _codes([letters[row] for row in rows])
    prior, _ = _codes(_NAMES.split())
    counts = np.ones((_OTHER + 1, _OTHER + 1))
    np.add.at(counts, (prior[:-1], prior[1:]), _PRIOR_WEIGHT)
    np.add.at(counts, (codes[:-1], codes[1:]), 1.0)
    # Letters of other scripts are no evidence: their bigrams are taken as usual ones.
    scores = np.log(counts / counts.sum(axis=1, keepdims=True))
    known = np.r_[(codes[:-1] != _OTHER) & (codes[1:] != _OTHER), False]
    values = np.r_[np.where(known[:-1], scores[codes[:-1], codes[1:]], 0.0), 0.0]
    pairs = np.add.reduceat(known.astype(np.float64), starts)
    mean = np.add.reduceat(values, starts) / np.maximum(pairs, 1.0)
    latin = pairs >= LETTERS_AT_LEAST - 1
    if not latin.any():
        return strength
    middle = float(np.median(mean[latin]))
    spread = max(0.15, 1.4826 * float(np.median(np.abs(mean[latin] - middle))))
    # A mean over few letters scatters more.
    deviations = (middle - mean) / (spread * np.sqrt(np.maximum(1.0, 12.0 / np.maximum(pairs, 1.0))))
    strength[rows[latin]] = ramp(deviations[latin], *DEVIATIONS)
    return strength


def _codes(texts: list[str]) -> tuple[I64, I64]:
    """Return letters as 1 to 26, ends of words as 0, all else as ``_OTHER``; and where each text begins."""
    joined = np.frombuffer((" " + " ".join(texts) + " ").encode("utf-32-le"), dtype="<u4").astype(np.int64)
    codes = np.full(len(joined), _OTHER, dtype=np.int64)
    latin = (joined >= 97) & (joined <= 122)
    codes[latin] = joined[latin] - 96
    codes[joined == 32] = 0
    lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    return codes, np.r_[0, np.cumsum(lengths)[:-1]]
