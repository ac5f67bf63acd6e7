"""The short form of the fault suite: after every fault, every number equals the oracle's."""

import os

import pytest

from tests.brokers import chosen
from tests.faults.runner import run
from tests.faults.scenarios import SCENARIOS, Scenario

SEED = int(os.environ.get("FAULTS_SEED", "1"))
"""Every chance of the suite; another one by the environment variable."""

pytestmark = [pytest.mark.broker, pytest.mark.slow]


def _parameter(scenario: Scenario) -> object:
    """On Apache Kafka `make check` has what only that can show, with as few nodes as do; `make test-faults` has all."""
    where, reason = ("embedded",), "the long form, `make test-faults`, has it on Apache Kafka too"
    if "embedded" not in scenario.brokers:
        where, reason = scenario.brokers[:1], f"on the embedded broker {scenario.instead}"
    marks = [pytest.mark.brokers(*where, reason=reason)]
    if "kafka3" in where:
        marks.append(pytest.mark.replication)
    return pytest.param(scenario, id=scenario.name, marks=marks)


@pytest.mark.parametrize("scenario", [_parameter(scenario) for scenario in SCENARIOS if not scenario.elsewhere])
def test_numbers_are_exact_after(scenario: Scenario) -> None:
    """Totals, every window and the dead letters equal the oracle's; no worker hangs; everything is read."""
    print(f"seed {SEED}: FAULTS_SEED={SEED} chooses it")
    result = run(scenario, form="short", seed=SEED, say=print, broker=chosen().value)
    assert result.exact, "\n".join([str(result), *result.problems])
