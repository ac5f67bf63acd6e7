"""Runs one scenario from a fresh cluster to its verdict."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Literal

from kafka.errors import KafkaError
from msgspec import Struct

from agents.read_model.reader import ReadModelError
from tests.brokers import make_broker, select
from tests.faults.events import SCORER
from tests.faults.judge import Verdict
from tests.faults.scenarios import SESSION_SECONDS, Scenario, random_of
from tests.faults.subjects import OurWorkers, PlainWorkers, Subject
from tests.faults.trial import Say, Trial
from tests.integration.cluster import Cluster

Form = Literal["short", "long"]
SubjectName = Literal["pulse", "plain"]
DEADLINE_SECONDS = {"short": 240.0, "long": 1800.0}
"""How long one trial may take, from its first worker to the verdict."""
SHOWN_PROBLEMS = 10


class Result(Struct, frozen=True, kw_only=True):
    """What came of a trial. ``seconds`` is None when the numbers never became right; see ``Verdict`` for the counts."""

    scenario: str
    subject: SubjectName
    broker: str
    form: Form
    seed: int
    faults: int
    events: int
    lost: int
    doubled: int
    seconds: float | None
    took_seconds: float
    problems: list[str]
    notes: list[str]

    @property
    def exact(self) -> bool:
        """Whether nothing is lost, doubled or otherwise wrong."""
        return not (self.lost or self.doubled or self.problems) and self.seconds is not None


@contextmanager
def subject_of(scenario: Scenario, name: SubjectName, broker: str, as_of_ms: int) -> Iterator[Subject]:
    """Start a fresh cluster with the workers of a trial; none runs yet."""
    select(broker)
    with Cluster(
        str(as_of_ms),
        scenario.partitions,
        make_broker(scenario.broker_config),
        SENTIMENT=SCORER,
        SESSION_SECONDS=str(SESSION_SECONDS),
        **scenario.settings,
    ) as cluster:
        yield OurWorkers(cluster, scenario.partitions) if name == "pulse" else PlainWorkers(cluster)


def run(
    scenario: Scenario, *, form: Form, seed: int, say: Say, broker: str = "embedded", subject: SubjectName = "pulse"
) -> Result:
    """Run a scenario and judge it. What hangs, ends wrongly or takes too long is a problem of the result."""
    size = scenario.short if form == "short" else scenario.long
    log = scenario.log(size, seed, clean=subject == "plain")
    began = monotonic()
    trial: Trial | None = None
    seconds: float | None = None
    try:
        with subject_of(scenario, subject, broker, log.as_of_ms) as workers:
            workers.prepare()
            chances = random_of(seed, scenario, subject)
            trial = Trial(workers, log, faults=size.faults, random=chances, seconds=DEADLINE_SECONDS[form], say=say)
            with trial:
                scenario.act(trial, size)
                verdict, seconds = trial.settle()
                if verdict.exact:
                    verdict = workers.close(trial.workers, log, recovery=form == "long" or scenario.recovery)
    except (AssertionError, KafkaError, ReadModelError, TimeoutError) as error:
        # Told as the result it is: the other scenarios of a run of an hour go on.
        verdict = Verdict(0, 0, [f"{type(error).__name__}: {error}"])
    return Result(
        scenario=scenario.name,
        subject=subject,
        broker=broker,
        form=form,
        seed=seed,
        faults=size.faults,
        events=0 if trial is None else trial.sent,
        lost=verdict.lost,
        doubled=verdict.doubled,
        seconds=seconds,
        took_seconds=monotonic() - began,
        problems=verdict.problems[:SHOWN_PROBLEMS],
        notes=[] if trial is None else trial.notes,
    )
