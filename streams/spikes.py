"""The public door to the spike detector: others import it from ``streams.spikes``."""

from streams.detectors.spikes import SpikeDetector

__all__ = ["SpikeDetector"]
