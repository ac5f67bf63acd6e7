"""The benchmark's scoring rule, against sums made by hand."""

import math

import numpy as np
import pytest

from bench.nab import best_threshold, f1_at, labelled, normalised, total_at


def series():
    """A hundred rows with one window, rows 50 to 59."""
    return labelled("made/up", list(range(100)), [0.0] * 100, [(50, 59)])


def test_an_alarm_in_the_first_row_of_every_window_is_a_hundred_and_none_is_zero():
    """The two ends of the scale."""
    scores = np.zeros(100)
    scores[50] = 1.0
    pairs = [(series(), scores)]
    assert normalised(pairs, total_at(pairs, 1.0)) == pytest.approx(100.0, abs=1.0)
    assert normalised(pairs, total_at(pairs, 1.1)) == 0.0


def test_a_false_alarm_far_from_a_window_costs_its_full_weight():
    """One window found in its first row, one alarm before it: 0.11 of 2 is 5.5 points."""
    scores = np.zeros(100)
    scores[50] = scores[30] = 1.0
    pairs = [(series(), scores)]
    top = (2.0 / (1.0 + math.exp(-5.0)) - 1.0) / (2.0 / (1.0 + math.exp(-5.0)) - 1.0)
    assert total_at(pairs, 1.0) == pytest.approx(top - 0.11, abs=0.001)
    assert f1_at(pairs, 1.0) == pytest.approx(2 / 3)


def test_the_best_threshold_leaves_out_what_costs_more_than_it_finds():
    """A false alarm above the window's is worth its price; twelve below it are not."""
    scores = np.zeros(100)
    scores[30], scores[50] = 0.9, 0.8
    scores[15:40:2] = np.maximum(scores[15:40:2], 0.5)
    assert best_threshold([(series(), scores)]) == 0.8
