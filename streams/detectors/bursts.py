"""How much a burst is news: by how far it tops the bursts before it, and by how long none has been so high.

Two measures of one thing, each blind where the other sees. A *record* asks how far a burst lies above the usual and the
highest recent one: it needs a common unit. A *return* asks only since when no burst was as high, so it is the same for
every series whatever its scale and tail (a rank, as in conformal prediction), but knows no distance. ``spikes`` takes
their mean.
"""

import math
from typing import Final

from msgspec import Struct

NO_EVIDENCE: Final = -99.0
_STEP: Final = 0.05
"""How far one update moves a tracked height, before its share."""
MOST_RETURNS: Final = 24
"""Earlier bursts kept by a ``ReturnState``. Only those that no later one has topped matter: their number grows like the
logarithm of the number of bursts."""
RETURN_MARGIN: Final = 2.0
"""What one sigma above the highest burst of all counts, in e-folds of the time since the beginning."""
RETURN_OUTGROW: Final = 1.5
"""E-folds of return time by which a burst must outgrow what was said of it."""
USUAL_RETURN: Final = 7.0
"""E-folds of updates (1,100: four days of five minutes) at which a return scores one half."""


class BurstParameters(Struct, frozen=True, gc=False):
    """What all measures of bursts share; see ``SpikeParameters`` for the reasons.

    Attributes:
        share: share of values at or above the height that opens a burst.
        quiet_updates: updates below the opening height that end a burst.
        record_share: weight of the highest recent burst against the usual one.
        record_decay: rate at which that record fades towards the usual burst.
        memory: bursts remembered in the usual height.
        prior: weight of the prior usual height, in bursts.
    """

    share: float
    quiet_updates: int
    record_share: float
    record_decay: float
    memory: int
    prior: int


class BurstState(Struct, gc=False):
    """A memory of bursts: what opens one, how high they usually are, the fading record, the open one."""

    opening: float
    usual: float
    record: float = 0.0
    height: float = 0.0
    quiet: int = 0
    bursts: int = 0
    is_open: bool = False


class ReturnState(Struct, gc=False):
    """A memory of bursts by rank: (height, update of its end) of those not topped since, the highest first."""

    opening: float = 2.0
    height: float = 0.0
    quiet: int = 0
    is_open: bool = False
    reported: float = 0.0
    before: list[tuple[float, int]] = []


def record_evidence(s: BurstState, height: float, p: BurstParameters) -> float:
    """Return how far ``height`` tops the usual and the recent bursts, if one is open; then learn from it."""
    evidence = NO_EVIDENCE
    if height > s.opening:
        s.opening += (1.0 - p.share) * _STEP
        s.quiet = 0
        if not s.is_open:
            s.is_open = True
            s.height = height
        elif height > s.height:
            s.height = height
        evidence = height - s.usual
        if s.record > s.usual:
            evidence -= p.record_share * (s.record - s.usual)
    else:
        s.opening -= p.share * _STEP
        if s.is_open:
            s.quiet += 1
            if s.quiet >= p.quiet_updates:
                close_burst(s, p)
    if s.record > s.usual:
        s.record -= p.record_decay * (s.record - s.usual)
    return evidence


def close_burst(s: BurstState, p: BurstParameters) -> None:
    """Remember a burst that has ended."""
    s.is_open = False
    s.quiet = 0
    s.bursts = min(s.bursts + 1, p.memory)
    step = max(-4.0, min(4.0, s.height - s.usual))
    s.usual += step / (s.bursts + p.prior)
    if s.height > s.record:
        s.record = s.height


def return_score(s: ReturnState, height: float, update: int, p: BurstParameters) -> float:
    """Return 0..1 for how long no burst was as high as ``height``, when that is more than was said of this burst.

    Args:
        s: changed in place.
        height: of the smoothed count, in sigmas.
        update: the number of this update.
        p: share and quiet updates.
    """
    if height <= s.opening:
        s.opening -= p.share * _STEP
        if s.is_open:
            s.quiet += 1
            if s.quiet >= p.quiet_updates:
                close_return(s, update)
        return 0.0
    s.opening += (1.0 - p.share) * _STEP
    s.quiet = 0
    if not s.is_open:
        s.is_open, s.height, s.reported = True, height, 0.0
    elif height > s.height:
        s.height = height
    beaten = None
    for at_height, at_update in reversed(s.before):
        if at_height >= height:
            evidence = math.log(max(1, update - at_update))
            break
        beaten = at_height
    else:
        margin = 0.0 if beaten is None else min(4.0, height - beaten)
        evidence = math.log(update) + RETURN_MARGIN * margin
    if evidence <= s.reported + RETURN_OUTGROW:
        return 0.0
    s.reported = evidence
    return evidence / (evidence + USUAL_RETURN)


def close_return(s: ReturnState, update: int) -> None:
    """Remember a burst that has ended: those that were lower no longer matter."""
    s.is_open, s.quiet, s.reported = False, 0, 0.0
    while s.before and s.before[-1][0] <= s.height:
        s.before.pop()
    s.before.append((s.height, update))
    if len(s.before) > MOST_RETURNS:
        del s.before[-2]
