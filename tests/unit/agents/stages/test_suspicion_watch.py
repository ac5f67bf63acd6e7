"""When suspicious entrants are looked for, and what becomes of a pass that goes wrong."""

import asyncio
import os
import sys
from collections.abc import Callable
from unittest import mock

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.settings import Settings
from agents.stages.suspicion_pass import PassResult
from agents.stages.suspicion_watch import SuspicionWatch
from models.suspicion import Finding, Suspect, SuspicionNumbers
from streams.events.registry import Registry
from streams.giveaway.board import GiveawayBoard
from streams.giveaway.entries import GiveawayEntries
from streams.giveaway.rules import RuleBook
from streams.ledger.collector import person_hash
from streams.suspicion.review import suspicion_numbers
from streams.suspicion.schedule import REST, PassSchedule
from tests.unit.agents.stages.test_entries import definition
from tests.unit.streams.giveaway.test_entries import OPENS_MS, block, comment


def test_a_campaign_is_looked_at_when_something_was_heard() -> None:
    """At once the first time, then only after a change, and no sooner than agreed."""
    schedule = PassSchedule(30.0)
    assert schedule.due({}, 0.0) == []
    assert schedule.due({"b": 1, "a": 2}, 0.0) == ["a", "b"]
    schedule.ended({"a": 2, "b": 1}, {"a", "b"}, 1.0, 1.0)
    assert schedule.due({"a": 2, "b": 1}, 1_000.0) == []
    assert schedule.due({"a": 2, "b": 2}, 30.9) == []
    assert schedule.due({"a": 2, "b": 2}, 31.0) == ["b"]
    assert schedule.due({"a": 2, "b": 2, "new": 1}, 11.0) == ["new"]


def test_a_costly_pass_is_followed_by_a_long_rest() -> None:
    """A pass of forty seconds of a core is not repeated for ten times that, and no other campaign's comes sooner."""
    schedule = PassSchedule(30.0)
    schedule.ended({"a": 1}, {"a"}, 40.0, 40.0)
    assert schedule.due({"a": 2, "b": 1}, 40.0 + 40.0 * REST - 0.1) == []
    assert schedule.due({"a": 2, "b": 1}, 40.0 + 40.0 * REST) == ["a", "b"]


def test_a_pass_that_had_to_wait_for_a_core_is_followed_by_none() -> None:
    """It took four minutes and used half a second: the next is due as agreed, not forty minutes later."""
    schedule = PassSchedule(30.0)
    schedule.ended({"a": 1}, {"a"}, 0.5, 240.0)
    assert schedule.due({"a": 2}, 269.9) == []
    assert schedule.due({"a": 2}, 270.0) == ["a"]


def test_what_a_pass_did_not_get_through_is_looked_at_again() -> None:
    """After a failure, and when the results were lost, nothing new need be heard; but the time is kept."""
    schedule = PassSchedule(30.0)
    schedule.ended({"a": 1, "b": 1}, {"a"}, 0.0, 0.0)
    assert schedule.due({"a": 1, "b": 1}, 29.0) == []
    assert schedule.due({"a": 1, "b": 1}, 30.0) == ["b"]
    schedule.again()
    assert schedule.due({"a": 1, "b": 1}, 30.0) == ["a", "b"]


@given(st.lists(st.tuples(st.floats(0.1, 100), st.floats(0.1, 50)), max_size=30))
def test_passes_take_at_most_their_share_of_the_time(steps: list[tuple[float, float]]) -> None:
    """Whatever happens, passes take less than one in ten seconds after the first."""
    schedule, now, busy, last = PassSchedule(0.0), 0.0, 0.0, 0.0
    for heard, (wait, takes) in enumerate(steps):
        now += wait
        if schedule.due({"a": heard}, now):
            schedule.ended({"a": heard}, {"a"}, takes, now + takes)
            now, busy, last = now + takes, busy + takes, takes
    assert busy - last <= now / REST


def suspect(person: int, action: str, *reasons: str) -> Suspect:
    """A suspect with reasons."""
    findings = tuple(Finding(reason=reason, strength=1.0, detail="") for reason in reasons)  # type: ignore[arg-type]
    return Suspect(person=str(person), handle="", score=0.9, action=action, entries=1, findings=findings)  # type: ignore[arg-type]


def test_suspects_count_with_each_influencer_they_entered_with() -> None:
    """Once in the campaign, once with each influencer; an entry that breaks a rule does not count for anybody."""
    entries = GiveawayEntries(RuleBook(definition(hashtags=("win",))))
    written = [("u1", "ana", "#win"), ("u1", "ben", "#win"), ("u1", "eva", "no"), ("u2", "ana", "#win")]
    written.append(("u3", "ben", "#win"))
    entries.put(block([comment(n, author, name, text=text) for n, (author, name, text) in enumerate(written)]))
    entries.settle()
    one, two = person_hash("tiktok", "u1"), person_hash("tiktok", "u2")
    found = {one: suspect(one, "exclude", "burst", "ring"), two: suspect(two, "flag", "ring")}
    both = SuspicionNumbers(as_of_ms=7, suspicious_entrants=2, reasons={"burst": 1, "ring": 2}, excluded_entrants=1)
    only_one = msgspec.structs.replace(both, suspicious_entrants=1, reasons={"burst": 1, "ring": 1})
    assert suspicion_numbers(found, entries, 7) == {
        "": msgspec.structs.replace(both, left_out_chances=1),
        "ana": both,
        "ben": only_one,
    }
    assert suspicion_numbers({}, entries, 7) == {"": SuspicionNumbers(as_of_ms=7, left_out_chances=0)}


class Entries:
    """What the watch sees of the stage: a board with one campaign, of which something was heard."""

    def __init__(self, registry: Registry) -> None:
        self.board = GiveawayBoard()
        self.board.follow(registry)
        self.count = 1

    def heard(self) -> dict[str, int]:
        """One campaign."""
        return {"spring": self.count}

    def suspects(self) -> int | None:
        """What the board shows."""
        shown = self.board.rollups("spring", OPENS_MS)[0].suspicion
        return None if shown is None else shown.suspicious_entrants


FOUND = msgspec.json.encode(
    PassResult("spring", {"": SuspicionNumbers(as_of_ms=1, suspicious_entrants=3)}, True)
).decode()
ANSWERS = f"input(); print({FOUND!r})"
HANGS = "import sys; sys.stdin.read()"


async def _watch(script: str, until: Callable[[SuspicionWatch, Entries], bool]) -> tuple[SuspicionWatch, Entries]:
    registry = Registry([definition()])
    entries = Entries(registry)
    settings = Settings(suspicion_seconds=0.01)
    command = (sys.executable, "-S", "-c", script)
    watch = SuspicionWatch(settings, entries, lambda: registry, command, 0.01)  # type: ignore[arg-type]  # a stand-in
    await watch.start()
    try:
        async with asyncio.timeout(30):
            while not until(watch, entries):  # noqa: ASYNC110 - nothing tells when a child has come so far
                await asyncio.sleep(0.005)
    finally:
        await watch.stop()
    return watch, entries


def test_what_a_pass_says_is_shown() -> None:
    """The numbers are in the rollups, and an unchanged ledger is not looked at again."""
    watch, entries = asyncio.run(_watch(ANSWERS, lambda watch, _: watch.passes_total == 1))
    assert (entries.suspects(), watch.failures_total) == (3, 0)


@pytest.mark.parametrize(
    "script",
    ["raise SystemExit(1)", "print('nonsense')", "import os; os.kill(os.getpid(), 9)"],
)
def test_a_pass_that_fails_is_counted_and_tried_again(script: str) -> None:
    """A bad exit, a bad answer, a kill: the service goes on, and the pass is repeated although nothing new is heard."""
    watch, _ = asyncio.run(_watch(script, lambda watch, _: watch.failures_total >= 2))
    assert watch.passes_total == 0
    assert not watch.crashed


def test_what_a_pass_said_before_it_failed_counts() -> None:
    """Of several campaigns those it got through are shown, and only the others are looked at again."""
    watch, entries = asyncio.run(_watch(f"{ANSWERS}; raise SystemExit(1)", lambda watch, _: watch.failures_total == 1))
    assert entries.suspects() == 3
    assert watch._schedule.due(entries.heard(), float("inf")) == []


def test_what_a_pass_used_of_a_core_is_told_to_the_schedule() -> None:
    """The rest after a pass follows from the time that the kernel gave it."""
    burns = f"import time\nwhile time.process_time() < 0.3: pass\n{ANSWERS}"
    with mock.patch.object(PassSchedule, "ended") as ended:
        asyncio.run(_watch(burns, lambda watch, _: watch.passes_total >= 1))
    assert ended.call_args_list[0].args[2] >= 0.25


def test_a_pass_gives_way_to_everything_else() -> None:
    """By default it has the lowest priority there is."""

    def gives_way(watch: SuspicionWatch, _: Entries) -> bool:
        return watch._process is not None and os.getpriority(os.PRIO_PROCESS, watch._process.pid) == 19

    asyncio.run(_watch(HANGS, gives_way))


def test_a_program_that_cannot_be_started_is_a_failed_pass() -> None:
    """Neither is a machine without room for another process the end of the worker."""
    with mock.patch("asyncio.create_subprocess_exec", side_effect=OSError(12, "Cannot allocate memory")):
        watch, _ = asyncio.run(_watch(ANSWERS, lambda watch, _: watch.failures_total >= 1))
    assert not watch.crashed


def test_a_pass_over_campaigns_that_were_given_away_is_ended() -> None:
    """Letting go kills the pass at once, shows nothing of it and counts no failure; later the campaign is due again."""
    seen: list[int] = []

    def release(watch: SuspicionWatch, entries: Entries) -> bool:
        process = watch._process
        if process is not None and process.pid not in seen:
            seen.append(process.pid)
            watch.release()
        return len(seen) == 2 and watch._process is None

    watch, entries = asyncio.run(_watch(HANGS, release))
    assert (watch.passes_total, watch.failures_total, entries.suspects()) == (0, 0, None)


def test_numbers_under_another_definition_are_not_shown() -> None:
    """When the rules change during a pass its numbers are of the old ones: it is repeated."""
    registry = Registry([definition()])
    entries = Entries(registry)
    watch = SuspicionWatch(Settings(), entries, lambda: registry)  # type: ignore[arg-type]  # a stand-in
    result = msgspec.json.decode(FOUND, type=PassResult)
    assert not watch._take(result, {"spring": definition()})
    assert entries.suspects() is None
    assert watch._take(result, {"spring": registry.campaigns["spring"].definition})
    assert entries.suspects() == 3
