"""The comparison: equal answers give no line, and no change of any value goes unseen."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import msgspec
import pytest

from models.campaigns import RateCard
from models.rollups import Snapshot

from .compare import at_the_end, differences
from .event_log import BASE, HOUR, EventLog, definition, member

Steps = tuple[str | int, ...]
OWN = ("counts", "newest_ms", "minutes", "posts")
"""What only the oracle has."""


@pytest.fixture
def answer(log: EventLog) -> dict[str, Any]:
    """An answer in which every statistic is there and most are not zero."""
    log.add("post.published", BASE - HOUR)
    log.add("post.metrics", BASE, likes=5, comments=6, shares=7, saves=8, views=900, reach=100, followers=1000)
    log.add("comment.created", BASE, text="0.5")
    log.add("comment.created", BASE, "ben", text="-0.5", author_id="other")
    log.add("click", BASE)
    log.add("purchase", BASE, amount="12.50")
    log.add("refund", BASE, amount="2.50")
    log.add("purchase", BASE, None, amount="1", currency="USD")
    card = RateCard(currency="EUR", dated=date(2023, 11, 1), like="0.1")
    return log.compute(definition(member("ana"), member("ben"), rate_card=card))


def leaves(value: object, path: Steps = ()) -> Iterator[Steps]:
    """Paths of everything in a nested answer that is no container."""
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, (*path, name))
    elif isinstance(value, list):
        for index, below in enumerate(value):
            yield from leaves(below, (*path, index))
    else:
        yield path


def changed(answer: dict[str, Any], path: Steps, change: Callable[[Any, Any], None]) -> dict[str, Any]:
    """A copy in which ``change(container, last step)`` was done at a path."""
    other = copy.deepcopy(answer)
    container: Any = other
    for step in path[:-1]:
        container = container[step]
    change(container, path[-1])
    return other


def nudge(container: Any, name: Any) -> None:
    """Replace a value by the nearest one that must count as different."""
    value = container[name]
    if name == "unique_commenters":
        container[name] = value + 10 if value else 1
    elif isinstance(value, float):
        container[name] = value + 3e-9
    elif isinstance(value, int):
        container[name] = value + 1
    elif value is None:
        container[name] = 1
    else:
        container[name] = value + "0"


def put(value: object) -> Callable[[Any, Any], None]:
    """Make a change that replaces a value by this one."""
    return lambda container, name: container.__setitem__(name, value)


def test_an_answer_equals_itself(answer: dict[str, Any]) -> None:
    """No line for equal answers, whether counts are there or not, with zeros omitted or not."""
    assert differences(answer, answer) == []
    # Through the product's own structs: zeros omitted, tuples, what JSON makes of it.
    snapshot = msgspec.convert({key: answer[key] for key in ("as_of_ms", "campaigns", "influencers")}, Snapshot)
    assert differences(msgspec.to_builtins(snapshot), answer) == []
    assert differences(json.loads(msgspec.json.encode(snapshot)), answer) == []


def test_every_changed_value_is_seen(answer: dict[str, Any]) -> None:
    """Each single value, changed by the least that matters, is a difference on either side."""
    paths = [path for path in leaves(answer) if path[0] not in OWN]
    assert len(paths) > 500
    for path in paths:
        other = changed(answer, path, nudge)
        assert differences(other, answer), path
        assert differences(answer, other), path


def test_everything_missing_is_seen(answer: dict[str, Any]) -> None:
    """Whatever is taken away, at any depth, is a difference on either side; only a counter of zero may be absent."""
    paths = {path[:depth] for path in leaves(answer) if path[0] not in OWN for depth in range(1, len(path) + 1)}

    def remove(container: Any, name: Any) -> None:
        del container[name]

    for path in sorted(paths, key=repr):
        value: Any = answer
        for step in path:
            value = value[step]
        other = changed(answer, path, remove)
        is_zero = value == 0 and type(value) is int and path[-3:-2] == ("windows",)
        assert bool(differences(other, answer)) != is_zero, path
        assert bool(differences(answer, other)) != is_zero, path


def test_everything_added_is_seen(answer: dict[str, Any]) -> None:
    """A second copy, an unknown statistic, currency, window or field is a difference."""
    doubled = copy.deepcopy(answer)
    doubled["influencers"].append(doubled["influencers"][0])
    assert any("twice" in line for line in differences(doubled, answer))
    window = answer["influencers"][1]["windows"]["1h"]
    for container, name in (
        (answer["influencers"][1], "note"),
        (answer["influencers"][1]["windows"], "2h"),
        (window, "claps"),
        (window["revenue"], "CHF"),
        (answer, "alerts"),
    ):
        clean = copy.deepcopy(answer)
        container[name] = {"posts": 1} if name in ("2h", "CHF") else 1
        assert differences(answer, clean), name
        assert differences(clean, answer), name
        del container[name]


def test_a_comparison_of_nothing_does_not_pass(log: EventLog) -> None:
    """Two empty answers, or no answer at all, are not equal."""
    empty = log.compute()
    assert differences(empty, empty) == ["campaigns: nothing was compared, both sides are empty"]
    assert differences({}, {})
    log.add("click", BASE)
    assert differences({}, log.compute())
    assert differences(log.compute(), {})


@pytest.mark.parametrize(
    ("ours", "exact", "equal"),
    [
        (0, 0, True), (1, 0, False), (0, 1, False), (4, 1, True), (5, 1, False),
        (1130, 1000, True), (1133, 1000, True), (1134, 1000, False), (866, 1000, False), (1000.0, 1000, False),
    ],
)  # fmt: skip
def test_unique_commenters_within_the_stated_error(
    answer: dict[str, Any], ours: float, exact: int, equal: bool
) -> None:
    """Within 13 % and 3 of the truth, an integer, and zero exactly when nobody commented."""
    path = ("influencers", 1, "windows", "24h", "unique_commenters")

    lines = differences(changed(answer, path, put(ours)), changed(answer, path, put(exact)))
    assert (lines == []) == equal


def test_types_matter(answer: dict[str, Any]) -> None:
    """A float for a counter, a number for an amount, NaN for a rate and true for one are differences."""
    for path, value in (
        (("influencers", 1, "windows", "1h", "likes"), 5.0),
        (("influencers", 1, "windows", "1h", "clicks"), True),
        (("influencers", 1, "windows", "1h", "revenue", "EUR", "revenue"), 12.5),
        (("influencers", 1, "windows", "1h", "revenue", "EUR", "revenue"), "12.50"),
        (("influencers", 1, "windows", "1h", "engagement_rate_by_reach"), float("nan")),
        (("influencers", 1, "windows", "1h", "engagement_rate_by_reach"), None),
    ):
        other = changed(answer, path, put(value))
        (line,) = differences(other, answer)
        assert line.startswith("influencers['spring'/'ana'].windows.1h."), line


def test_the_order_of_rollups_does_not_matter_but_that_of_leaderboards_does(answer: dict[str, Any]) -> None:
    """Rollups are found by id; a leaderboard is an order."""
    other = copy.deepcopy(answer)
    other["influencers"].reverse()
    assert differences(other, answer) == []
    other["campaigns"][0]["leaderboards"]["1h"].reverse()
    assert differences(other, answer)


@pytest.mark.parametrize(
    ("level", "moment_ms", "stands"),
    [
        ("influencers", BASE - 1, False),
        ("influencers", BASE, True),
        ("influencers", BASE + HOUR, True),
        ("influencers", BASE + HOUR + 1, False),
        ("campaigns", BASE - 1, False),
        ("campaigns", BASE, True),
    ],
)
def test_a_rollup_may_be_as_old_as_its_newest_event(log: EventLog, level: str, moment_ms: int, stands: bool) -> None:
    """Between its newest event and the end it stands for the end; before or after, its moment is a difference."""
    for influencer in ("ana", "ben"):
        log.add("comment.created", BASE, influencer, text="0.5")
    oracle = log.compute(as_of_ms=BASE + HOUR)
    snapshot = changed(oracle, (level, 0, "as_of_ms"), put(moment_ms))
    assert bool(differences(snapshot, oracle)) == (moment_ms != BASE + HOUR)
    assert (differences(at_the_end(snapshot, oracle), oracle) == []) == stands


def test_numbers_must_be_those_of_the_end(log: EventLog) -> None:
    """A rollup of an allowed moment whose numbers changed since is a difference all the same."""
    log.add("comment.created", BASE, text="0.5")
    oracle, then = log.compute(as_of_ms=BASE + HOUR), log.compute(as_of_ms=BASE)
    assert differences(at_the_end(then, oracle), oracle)
