"""The simulator: seeded campaigns with every fault of real delivery, and the exact truth about them.

``Simulation`` is pure: time and seed are in its plan, nothing is read or written. ``publisher`` and ``files`` send or
store what it yields.
"""

from agents.simulator.faults import CORRUPT_KINDS
from agents.simulator.plan import FaultRates, SimulatedRecord, SimulationPlan
from agents.simulator.simulation import Simulation
from agents.simulator.truth import GroundTruth, TrueCampaign, TrueIncident, TrueInfluencer, TrueTotals, read_truth

__all__ = [
    "CORRUPT_KINDS",
    "FaultRates",
    "GroundTruth",
    "SimulatedRecord",
    "Simulation",
    "SimulationPlan",
    "TrueCampaign",
    "TrueIncident",
    "TrueInfluencer",
    "TrueTotals",
    "read_truth",
]
