"""Nothing that others rely on is renamed, and no number changes, without a golden file that says so.

A test that fails here is no nuisance: a dashboard, an alert rule, a script, a deployment or a reader of Redis is about
to break. When that is meant, write the golden file anew with the command in the message, and say so in CHANGELOG.md.
"""

import difflib
from collections.abc import Callable

import pytest

from streams.sentiment import default_scorer
from streams.spikes import SpikeDetector
from tests.contract import names, numbers


@pytest.mark.parametrize(("name", "contract"), names.CONTRACTS.items())
def test_names_are_those_that_others_rely_on(name: str, contract: Callable[[], str]) -> None:
    """Metrics, topics, settings, the command line and what Redis holds: line by line as they were."""
    golden, now = (names.GOLDEN / name).read_text(encoding="utf-8"), contract()
    difference = difflib.unified_diff(golden.splitlines(), now.splitlines(), f"golden/{name}", "now", n=0, lineterm="")
    assert golden == now, "\n".join(["python -m tests.contract.names --write, if it is meant", *difference])


def test_numbers_are_the_same_byte_for_byte() -> None:
    """Simulator, rollups, giveaways, alerts of every rule, and explained entries: as they were."""
    found = numbers.differences(numbers.GOLDEN.read_text(encoding="utf-8"), numbers.computed())
    assert found == [], "python -m tests.contract.numbers --write, if it is meant\n" + numbers.told(found)


def test_golden_numbers_have_every_rule_of_alerts() -> None:
    """What no golden alert shows, the test above would not protect."""
    golden = numbers.GOLDEN.read_text(encoding="utf-8")
    rules = (
        "engagement_spike",
        "engagement_drop",
        "negative_wave",
        "conversion_drop",
        "code_leak",
        "feed_silent",
        "entries_spike",
    )
    assert [rule for rule in rules if f'"rule": "{rule}"' not in golden] == []


def test_a_difference_is_named_by_its_path() -> None:
    """Whoever breaks a number reads which, not that two files differ; bytes count even where values are equal."""
    before = 'arithmetic "here"\na/ana/1h {"comments": 3, "sentiment": {"mean": 0.5}}\nas_of_ms 5\n'
    after = before.replace("0.5", "0.25").replace("as_of_ms 5\n", "")
    assert numbers.differences(before, after) == ["a/ana/1h.sentiment.mean: 0.5 -> 0.25", "as_of_ms: gone: 5"]
    assert numbers.differences(before, before) == []
    assert len(numbers.differences(before, before.replace(": 3", ":  3"))) == 1
    assert len(numbers.differences(before, before.replace("0.5", "0.50000000001"))) == 1


def test_another_machine_may_round_the_last_digits_otherwise() -> None:
    """A logarithm of another processor is no failure; another number is."""
    before = 'arithmetic "here"\nbytes/replay "1"\nalert {"strength": 0.5}\n'
    there = before.replace("here", "there").replace('"1"', '"2"')
    assert numbers.differences(before, there.replace("0.5", "0.50000000001")) == []
    assert numbers.differences(before, there.replace("0.5", "0.501")) == ["alert.strength: 0.5 -> 0.501"]


def test_public_names_import_and_work() -> None:
    """The two names that programs import: a scorer of texts, and a detector of spikes."""
    good, bad, nothing = default_scorer().score_many(["love it 😍", "this is a scam", ""])
    assert -1 <= bad < -0.05 < nothing < 0.05 < good <= 1
    detector = SpikeDetector()
    calm = [detector.update(minute * 60_000, 10 + minute % 3).score for minute in range(60)]
    assert detector.update(60 * 60_000, 300).score > max(calm)
