"""Comments that are not read: counted in closed minutes, in no share, and said where a share is told."""

import numpy as np

from models.alerts import WindowSample
from streams.alerts.explanations import explain
from streams.alerts.window_records import COUNTS, campaign_sample, decode_window, encode_window, make_window
from streams.columns.packed import pack
from streams.detectors.signals import Reading, RecentWindow

READING = Reading(strength=1.0, unit="negative share", observed=0.5, expected=0.1, ratio=5.0, sample_size=60)


def test_a_minute_of_an_older_version_has_none() -> None:
    """Records with fewer counts are read and add up with those of this version."""
    now = make_window("c", 0, 1, ["ana"], np.arange(len(COUNTS)).reshape(1, -1), {})
    old = make_window("c", 1, 1, ["ben"], np.arange(10).reshape(1, -1), {})
    read = decode_window(encode_window(old))
    assert read.counts == pack(np.arange(10))
    sample = campaign_sample([now, read])
    assert (sample.negative, sample.unread) == (14, 10)


def test_a_wave_says_which_share_of_the_comments_it_speaks_for() -> None:
    """30 of 60 are negative; another 60 are not read: half of the comments are."""
    sample = WindowSample(campaign_id="c", influencer_id=None, window_start_ms=0, window_end_ms=60_000)
    recent = [RecentWindow(0, 120, 0, 0, 0, negative=30, scored=60, unread=60)]
    told = explain("negative_wave", sample, READING, recent)
    assert told == (
        "The campaign's comments turned negative: 50 %, usually 10 % (30 of 60 in 1 minute; 50 % of the comments are "
        "in languages that are read)"
    )
    all_read = [RecentWindow(0, 60, 0, 0, 0, negative=30, scored=60)]
    assert "languages" not in explain("negative_wave", sample, READING, all_read)
