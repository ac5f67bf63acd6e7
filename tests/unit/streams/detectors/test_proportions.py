"""Shares judged with their sample sizes."""

import pytest

from streams.detectors.proportions import ProportionMonitor, ProportionParameters


def test_small_samples_decide_nothing() -> None:
    """Two of three negative is no evidence; two hundred of three hundred is."""
    few, many = (ProportionMonitor(ProportionParameters(prior_share=0.1)) for _ in range(2))
    assert few.update(2, 3).rise < 5.0
    assert many.update(200, 300).rise == 9.0  # the most one window can bring


@pytest.mark.parametrize(("hits", "total"), [(-1, 5), (6, 5)])
def test_impossible_proportions_are_refused(hits: int, total: int) -> None:
    """More hits than events, or negative ones, are an error that names them."""
    with pytest.raises(ValueError, match=str(hits)):
        ProportionMonitor(ProportionParameters(prior_share=0.1)).update(hits, total)
