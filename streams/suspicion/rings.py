"""Rings: groups of entrants that tag one another and hardly anybody else.

Families and friends tag each other too; a ring is larger, denser and closed. The graph of tags between entrants is
peeled to its *k*-core (Seidman 1983): what remains is where everybody is tied to at least *k* others that remain. A
household of five has a 4-core of its own and is small; a popular person is tied to many who are tied to nobody, and
falls off. Of each connected remainder, its size and the share of its members' tags that stay inside decide.
"""

from typing import Final

import numpy as np

from streams.columns.arrays import F64, I64
from streams.suspicion.comment_columns import UNKNOWN, CommentColumns, distinct_pairs, ramp

CORE: Final = 3
MEMBERS: Final = (8.0, 14.0)
CLOSED: Final = (0.6, 0.8)
"""Share of a ring's tags (distinct friends) that stay inside; in a club of friends about half do."""
LARGE: Final = (16.0, 32.0)
LARGE_CLOSED_LESS: Final = 0.2
"""In a group larger than circles of friends are, a smaller share is telling: less by so much."""


def rings(columns: CommentColumns) -> tuple[F64, I64]:
    """Return by person: strength, and the size of the ring."""
    people = columns.entrants
    strength, sizes = np.zeros(people), np.zeros(people, dtype=np.int64)
    inside = (columns.tag_target != UNKNOWN) & (columns.tag_target != columns.tag_person)
    low = np.minimum(columns.tag_person, columns.tag_target)[inside]
    high = np.maximum(columns.tag_person, columns.tag_target)[inside]
    left, right = core(*distinct_pairs(low, high), people)
    if not len(left):
        return strength, sizes
    group = components(left, right, people)
    in_core = np.zeros(people, dtype=bool)
    in_core[left] = in_core[right] = True
    members = np.bincount(group[in_core], minlength=people)
    # Distinct friends of each person, tagged inside and outside the ring.
    tagger, key = distinct_pairs(columns.tag_person, columns.tag_key)
    target_of_key = np.full(int(columns.tag_key.max()) + 1, UNKNOWN, dtype=np.int64)
    target_of_key[columns.tag_key] = columns.tag_target
    target = target_of_key[key]
    own = in_core[tagger] & (target != tagger)
    tagger, target = tagger[own], target[own]
    stays = (target != UNKNOWN) & in_core[target] & (group[target] == group[tagger])
    tags = np.bincount(group[tagger], minlength=people)
    closed = np.bincount(group[tagger], weights=stays, minlength=people) / np.maximum(tags, 1)
    of_group = ramp(members, *MEMBERS) * ramp(closed + LARGE_CLOSED_LESS * ramp(members, *LARGE), *CLOSED)
    strength[in_core] = of_group[group[in_core]]
    sizes[in_core] = members[group[in_core]]
    return strength, sizes


def core(left: I64, right: I64, people: int, least: int = CORE) -> tuple[I64, I64]:
    """Return the edges of the ``least``-core of an undirected graph without double edges."""
    while len(left):
        degree = np.bincount(left, minlength=people) + np.bincount(right, minlength=people)
        keep = (degree[left] >= least) & (degree[right] >= least)
        if keep.all():
            break
        left, right = left[keep], right[keep]
    return left, right


def components(left: I64, right: I64, people: int) -> I64:
    """Return the number of the connected component of each person: the smallest number of a person in it."""
    label = np.arange(people, dtype=np.int64)
    while True:
        least = np.minimum(label[left], label[right])
        before = label.copy()
        np.minimum.at(label, left, least)
        np.minimum.at(label, right, least)
        # Labels are people: follow them to their own labels, so that long chains take few rounds.
        label = label[label]
        if np.array_equal(label, before):
            return label
