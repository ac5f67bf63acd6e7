"""The detector in the shape of the NAB scorer: seconds in, a score out."""

from streams.detectors.spikes import SpikeDetector


class NabDetector:
    """Feeds ``SpikeDetector`` from ``update(timestamp_seconds, value) -> score``."""

    def __init__(self) -> None:
        self._detector = SpikeDetector()

    def update(self, timestamp: float, value: float) -> float:
        """The score of one row, 0..1.

        Raises:
            ValueError: the value is NaN or infinite.
        """
        return self._detector.update(int(timestamp * 1000), value).score


def detector() -> NabDetector:
    """A new detector for one series (the scorer's factory)."""
    return NabDetector()
