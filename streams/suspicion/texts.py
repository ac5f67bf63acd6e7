"""Texts that many people would hardly write on their own: copies, and copies with some words replaced.

A text weighs by how unexpected it is: the sum over its distinct words of ``-log2`` of their share in the campaign's
words. "Done", the required phrase and what everybody says are made of frequent words and weigh little. Near copies
are found by MinHash over the words (Broder 1997, "On the resemblance and containment of documents"): the share of
equal minima estimates the Jaccard similarity of two word sets.
"""

from typing import Final

import numpy as np

from streams.columns.arrays import F64, I64, U64
from streams.suspicion.comment_columns import CommentColumns, distinct_pairs, ramp

HASHES: Final = 12
BANDS: Final = 4
ROWS: Final = HASHES // BANDS
AGREEING: Final = 0.5
"""Share of a text's minima that must be those of its group's most common text."""
MOST_BITS_A_WORD: Final = 16.0
BITS: Final = (42.0, 70.0)
PEOPLE: Final = (6.0, 12.0)
SAYING_SHARE: Final = (0.02, 0.05)
SAYING_PEOPLE: Final = (60.0, 180.0)
"""A text of that many entrants, as a share and at least in number, is a saying of the campaign, not a secret."""
SAME_STYLE: Final = (0.3, 0.55)
"""Share of a text's people who typed it in the same way (capitals, punctuation, emoji): people differ."""
OWN_SHARE: Final = (0.2, 0.5)
"""Share of a person's entries that are copies."""


def text_bits(columns: CommentColumns) -> F64:
    """Return how unexpected each text is, in bits."""
    texts = len(columns.texts)
    of_word = np.repeat(np.arange(texts), np.diff(columns.starts))
    text, word = distinct_pairs(of_word, columns.words)
    # A person who repeats a text says its words once.
    written = np.bincount(distinct_pairs(columns.person, columns.text)[1], minlength=texts)
    counts = np.bincount(word, weights=written[text], minlength=columns.vocabulary)
    total = max(1.0, counts.sum())
    bits = np.minimum(-np.log2(np.maximum(counts, 1.0) / total), MOST_BITS_A_WORD)
    return np.bincount(text, weights=bits[word], minlength=texts).astype(np.float64)


def signatures(columns: CommentColumns) -> U64:
    """Return ``[text, hash]``: the MinHash of each text's words; a text without words has zeros."""
    texts = len(columns.texts)
    minima = np.zeros((texts, HASHES), dtype=np.uint64)
    filled = np.flatnonzero(np.diff(columns.starts))
    if not len(filled):
        return minima
    word = columns.words.astype(np.uint64) + np.uint64(1)
    for number in range(HASHES):
        minima[filled, number] = np.minimum.reduceat(_mixed(word, number), columns.starts[filled])
    return minima


def _mixed(values: U64, salt: int) -> U64:
    """Mix 64 bits (the finaliser of SplitMix64, Steele et al. 2014)."""
    mixed = values * np.uint64(0x9E3779B97F4A7C15) + np.uint64((salt + 1) * 0xD1B54A32D192ED03 % 2**64)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def text_groups(columns: CommentColumns, bits: F64) -> list[I64]:
    """Return groupings of texts, one array of group numbers each: equal texts, and near copies by each band.

    Texts that weigh nothing, and near copies that agree too little with the text most people of the group wrote, stand
    alone.
    """
    alone = np.arange(len(columns.texts), dtype=np.int64)
    groupings = [alone]
    weighty = np.flatnonzero(bits > BITS[0])
    if not len(weighty):
        return groupings
    minima = signatures(columns)[weighty]
    people = np.bincount(distinct_pairs(columns.person, columns.text)[1], minlength=len(alone))[weighty]
    for band in range(BANDS):
        keys = np.zeros(len(weighty), dtype=np.uint64)
        for row in range(ROWS):
            keys = _mixed(keys ^ minima[:, band * ROWS + row], row)
        _, group = np.unique(keys, return_inverse=True)
        order = np.lexsort((-people, group))
        leaders = order[np.r_[True, group[order][1:] != group[order][:-1]]]
        leader = leaders[group]
        close = (minima == minima[leader]).mean(axis=1) >= AGREEING
        grouping = alone.copy()
        grouping[weighty[close]] = weighty[leader[close]]
        groupings.append(grouping)
    return groupings


def copies(columns: CommentColumns) -> tuple[F64, I64]:
    """Return by person: strength, and how many people share the person's most suspicious text."""
    people = columns.entrants
    strength, sharers = np.zeros(people), np.zeros(people, dtype=np.int64)
    if not len(columns.person):
        return strength, sharers
    bits = text_bits(columns)
    entry_strength, entry_sharers = np.zeros(len(columns.person)), np.zeros(len(columns.person), dtype=np.int64)
    styles = int(columns.style.max()) + 1
    for grouping in text_groups(columns, bits):
        group = grouping[columns.text]
        size = np.bincount(distinct_pairs(columns.person, group)[1], minlength=len(bits))
        entries = np.maximum(np.bincount(group, minlength=len(bits)), 1)
        weight = np.bincount(group, weights=bits[columns.text], minlength=len(bits)) / entries
        # How many of a group's people typed it in the way that is most common in the group.
        _, styled = distinct_pairs(columns.person, group * styles + columns.style)
        styled, people_of_style = np.unique(styled, return_counts=True)
        alike = np.zeros(len(bits))
        np.maximum.at(alike, styled // styles, people_of_style)
        alike /= np.maximum(size, 1)
        saying = ramp(size / max(people, 1), *SAYING_SHARE) * ramp(size, *SAYING_PEOPLE)
        of_group = ramp(size, *PEOPLE) * ramp(weight, *BITS) * (1.0 - saying) * ramp(alike, *SAME_STYLE)
        better = of_group[group] > entry_strength
        entry_strength[better] = of_group[group][better]
        entry_sharers[better] = size[group][better]
    copied = np.bincount(columns.person, weights=entry_strength >= 0.5, minlength=people)
    share = copied / np.maximum(columns.entries_of(), 1)
    np.maximum.at(strength, columns.person, entry_strength)
    order = np.argsort(entry_strength, kind="stable")
    sharers[columns.person[order]] = entry_sharers[order]
    return strength * ramp(share, *OWN_SHARE), sharers
