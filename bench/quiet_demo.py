"""What the demo would tell if it were left alone: its simulator, the pipeline and the alerts in one process, at speed.

    python -m bench.quiet_demo [--minutes 120] [--rate 150] [--seed 1] [--incidents] [--cold 0]

Feeds the simulator's records, with its faults of delivery, to eight partitions as Kafka would, closes their minutes
and judges them. Without ``--incidents`` nothing is planned and nothing should be told; with it the four incidents
happen once each: each should be told, and nothing else. Ends with code 1 where that is not so. ``--cold N`` lets only
one event in a hundred through for the first N minutes, as when a partition holds nothing but late events at first.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Final

from agents.simulator.plan import FaultRates, SimulationPlan
from agents.simulator.simulation import Simulation
from agents.simulator.truth import TrueIncident
from models.alerts import AlertTransition
from models.times import MINUTE_MS
from models.topics import INPUT_TOPICS
from streams.alerts.stage import AlertPartition
from streams.events.definitions import parse_definitions
from streams.events.partitioning import partition_of
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.pipeline.records import FileRecord
from streams.replay import replayed
from streams.sentiment.scorers import default_scorer

DEFINITION: Final = Path(__file__).parent.parent / "examples" / "giveaway.yaml"
START_MS: Final = 1_776_524_400_000
"""An hour into the example's giveaway: after its go-live, before its winners, so that every rule is awake."""
PARTITIONS: Final = 8
STEP_MS: Final = 5_000
AFTERMATH_MS: Final = 15 * MINUTE_MS
RULES: Final = {
    "viral_post": {"engagement_spike", "entries_spike"},
    "complaint_wave": {"negative_wave", "engagement_spike", "entries_spike"},
    "dead_checkout": {"conversion_drop"},
    "silent_feed": {"feed_silent"},
}
"""What may be said of each incident; the first in the alphabet of its own rule must not be missing altogether."""


def run(plan: SimulationPlan, cold_minutes: int = 0) -> tuple[list[AlertTransition], list[TrueIncident]]:
    """Return what was told, in order, and what had been planned."""
    definitions = parse_definitions(DEFINITION.read_text(encoding="utf-8"))
    simulation = Simulation(definitions, plan)
    registry = Registry(definitions)
    pipeline = Pipeline(default_scorer(), PARTITIONS, registry)
    states = [pipeline.assign(partition) for partition in range(PARTITIONS)]
    stage = AlertPartition(registry)
    told: list[AlertTransition] = []
    offsets: dict[tuple[str, int], int] = defaultdict(int)
    batches: dict[tuple[str, int], list[FileRecord]] = defaultdict(list)
    thin = Random(plan.seed)

    def step(now_ms: int) -> None:
        for (topic, partition), records in batches.items():
            pipeline.apply(topic, partition, records, now_ms)
        batches.clear()
        for partition, state in enumerate(states):
            for topic in INPUT_TOPICS:
                pipeline.read_to_end(topic, partition, now_ms)
            state.close_minutes()
            for window in state.closed.take():
                stage.apply(replayed(window, stage.position, now_ms))
            state.intake.take_dead_letters()
            state.take_facts()
        for campaign in stage.campaigns.values():
            told.extend(numbered.transition for numbered in campaign.transitions.pending)
            campaign.transitions.pending.clear()

    next_ms = plan.start_ms + STEP_MS
    cold_until_ms = plan.start_ms + cold_minutes * MINUTE_MS
    for record in simulation.records():
        while record.due_ms >= next_ms:
            step(next_ms)
            next_ms += STEP_MS
        if next_ms <= cold_until_ms and thin.random() > 0.01:
            continue
        place = record.topic, partition_of((record.key or b"").decode(), PARTITIONS)
        batches[place].append(FileRecord(offsets[place], record.key, record.value))
        offsets[place] += 1
    for _ in range(MINUTE_MS // STEP_MS):
        step(next_ms)
        next_ms += STEP_MS
    return told, simulation.truth().incidents


def main() -> int:
    """Run, print what was told, and judge it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=int, default=120)
    parser.add_argument("--rate", type=float, default=150.0, help="events a second")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--incidents", action="store_true", help="plan the four incidents")
    parser.add_argument("--cold", type=int, default=0, metavar="MINUTES")
    args = parser.parse_args()
    seconds = 60.0 * args.minutes
    plan = SimulationPlan(
        events=round(args.rate * seconds),
        duration_seconds=seconds,
        start_ms=START_MS,
        seed=args.seed,
        shape="steady",
        incidents=args.incidents,
        faults=FaultRates(misplaced_ratio=0.0),
    )
    told, planned = run(plan, args.cold)
    opened = [each.alert for each in told if each.kind == "opened"]
    found = set()
    stray = 0
    for alert in opened:
        causes = [
            place
            for place, incident in enumerate(planned)
            if alert.rule in RULES[incident.kind]
            and incident.start_ms <= alert.at_ms < incident.end_ms + AFTERMATH_MS
            and (not incident.influencer_id or alert.influencer_id in (None, incident.influencer_id))
        ]
        found.update(causes)
        stray += not causes
        minute = (alert.at_ms - START_MS) // MINUTE_MS
        cause = planned[causes[0]].kind if causes else "NOTHING PLANNED"
        print(f"minute {minute:4d}  {alert.severity:8}  {alert.rule:17} {cause:16} {alert.explanation}")
    print(f"{len(opened)} alerts in {args.minutes} minutes at {args.rate:g} events/s, seed {args.seed}:", end=" ")
    print(f"{len(found)} of {len(planned)} incidents told, {stray} told of nothing")
    return 0 if stray == 0 and len(found) == len(planned) else 1


if __name__ == "__main__":
    sys.exit(main())
