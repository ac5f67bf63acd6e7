"""What a detector says of one value of a series."""

from typing import Literal

from msgspec import Struct

Direction = Literal["none", "up", "down"]

UPPER_SIGMAS = 3.0
"""The band's top lies this many standard deviations above the expected value."""


class Verdict(Struct, frozen=True, gc=False):
    """What the detector thinks of one value, given only what came before it.

    Attributes:
        score: how much this value is news, 0..1; 0.5 is where an alarm begins. A burst scores when it begins or
            outgrows itself, not at each of its values.
        direction: of the stronger evidence, ``none`` when the value is ordinary.
        value: the value judged.
        expected: the level before this value.
        lower: bottom of the band in which ordinary values lie.
        upper: top of that band.
        surprise: evidence against "ordinary" of this value alone: ``-log10`` of the share of values expected
            to lie as far above; 0 in the bulk. Unlike the score it stays up for as long as the burst does.
        shortfall: evidence, in nats, that the level has dropped; 0 when it has not.
        ratio: value over expected, with one count added to both.
        in_burst: whether a burst is going on.
        warming: whether too few values have been seen to judge; the score is then 0.
    """

    score: float
    direction: Direction
    value: float
    expected: float
    lower: float
    upper: float
    surprise: float
    shortfall: float
    ratio: float
    in_burst: bool
    warming: bool
