"""The watchdog's decisions, without threads and clocks; and once for real, in a process whose loop stands still."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from faust.types import TP

from agents.broker.fetched_batches import Undecodable
from agents.broker.inputs import Inputs
from agents.liveness.exits import Exit, ExitCode
from agents.liveness.health import Health
from agents.liveness.symptoms import Symptom, Symptoms, Unchanged
from agents.liveness.watchdog import GRACE_SECONDS, LOOK_SECONDS, Watch
from agents.settings import Settings
from models.topics import COMMENTS

ROOT = Path(__file__).parents[4]


def a_watch() -> tuple[Watch, Health]:
    """A watch of ten seconds of silence and four of draining."""
    health = Health(lambda: 0)
    return Watch(Settings(block_seconds=10, drain_seconds=4), health), health


def looks(watch: Watch, seconds: float) -> tuple[ExitCode, str] | None:
    """Look for some seconds."""
    for _ in range(int(seconds / LOOK_SECONDS)):
        verdict = watch.look(LOOK_SECONDS)
        if verdict is not None:
            return verdict
    return None


def test_a_loop_that_does_not_beat_ends_the_worker() -> None:
    """Silence after the first beat, for as long as allowed, is the end; beats in between are not."""
    watch, _ = a_watch()
    assert looks(watch, 60) is None, "the loop has not begun: the phase has a limit of its own"
    watch.beat([])
    assert looks(watch, 9) is None
    watch.beat([])
    assert looks(watch, 9) is None
    verdict = looks(watch, 3)
    assert verdict is not None
    assert verdict[0] is ExitCode.BLOCKED


def test_known_long_work_may_block_the_loop() -> None:
    """Reading a large state keeps the loop busy; that is no reason to end."""
    watch, _ = a_watch()
    watch.beat([])
    with watch.long_work():
        assert looks(watch, 60) is None
    verdict = watch.look(LOOK_SECONDS)
    assert verdict is not None


def test_a_suspended_machine_is_not_a_blocked_loop() -> None:
    """After hours without a look the loop gets its time to beat."""
    watch, _ = a_watch()
    watch.beat([])
    watch.look(LOOK_SECONDS)
    assert watch.look(7200.0) is None


def test_symptoms_show_at_once_and_end_after_a_grace() -> None:
    """/healthz says it first; who recovers within the grace goes on; what only waiting cures never ends the worker."""
    watch, health = a_watch()
    watch.beat([Symptom("comments/3 stands")])
    assert health.reason == "comments/3 stands"
    assert health.is_stuck
    assert looks(watch, GRACE_SECONDS - 1) is None
    watch.beat([])
    assert health.reason is None
    watch.beat([Symptom("the broker is away", is_fatal=False)])
    assert (health.reason, health.is_stuck) == ("the broker is away", False)
    assert looks(watch, 9) is None
    watch.beat([Symptom("comments/3 stands")])
    assert looks(watch, GRACE_SECONDS) == (ExitCode.STALLED, "comments/3 stands")


def test_draining_has_a_time() -> None:
    """A worker that stops has its drain's time, whatever the loop and the symptoms say."""
    watch, _ = a_watch()
    watch.beat([Symptom("stuck")])
    watch.is_ending = True
    assert looks(watch, 3.5) is None
    verdict = looks(watch, 2)
    assert verdict is not None
    assert verdict[0] is ExitCode.DRAIN_EXCEEDED


def test_phases_move_as_documented() -> None:
    """Nothing comes after draining, and nobody is ready who has not recovered."""
    _, health = a_watch()
    health.ready([1])
    assert (health.phase, health.recovery_seconds) == ("starting", 0.0)
    health.recovering()
    health.ready([1, 2])
    assert (health.phase, health.partitions) == ("ready", [1, 2])
    took = health.recovery_seconds
    assert took > 0
    health.ready([1, 2, 3])
    assert health.recovery_seconds == took, "it has not recovered again"
    health.rebalancing()
    assert health.partitions == []
    health.draining()
    health.recovering()
    health.ready([1])
    assert (health.phase, health.partitions) == ("draining", [])


class Lagging:
    """A ready worker with one partition that is behind, looked at every five seconds."""

    def __init__(self) -> None:
        self.health: Any = SimpleNamespace(phase="ready", phase_since=0.0)
        self.undecodable: dict[TP, Undecodable] = {}
        self._now = 0.0
        self._state = SimpleNamespace(partition=0, positions=[9, 0, 9])
        consumer: Any = SimpleNamespace(
            end=lambda tp: 9, undecodable=self.undecodable, started=False, _thread=None, _stopped=None
        )
        inputs = Inputs()
        inputs.consumer = consumer
        app: Any = SimpleNamespace(
            agents={},
            _fetcher=SimpleNamespace(started=False),
            tables=SimpleNamespace(recovery=SimpleNamespace(started=False)),
        )
        pipeline: Any = SimpleNamespace(partitions={0: self._state})
        membership: Any = SimpleNamespace(is_valid=True)
        collector: Any = SimpleNamespace(producer=None)
        self._symptoms = Symptoms(
            Settings(stall_seconds=8),
            app,
            self.health,
            inputs,
            pipeline,
            membership,
            lambda: None,
            collector,
            [],
            list,
            clock=lambda: self._now,
        )

    def look(self, position: int) -> list[str]:
        """What is wrong at this position, five seconds after the last look."""
        self._state.positions[1] = position
        self._now += 5.0
        return [symptom.text for symptom in self._symptoms.find()]


@pytest.mark.parametrize(("steps", "found"), [([5, 5, 5], 1), ([5, 6, 7], 0), ([9, 9, 9], 0)])
def test_a_partition_that_lags_and_does_not_move_is_a_symptom(steps: list[int], found: int) -> None:
    """Lag alone is none, standing at the end is none; both together, for long enough, are."""
    worker = Lagging()
    texts = [worker.look(position) for position in steps][-1]
    assert len(texts) == found
    if found:
        assert texts[0].startswith(f"{COMMENTS}/0 stands at 5 for 10 s, 4 behind")


def test_a_partition_that_waits_at_a_batch_ends_no_worker() -> None:
    """What cannot be decoded is named at once, and that its partition stands is no other symptom."""
    worker = Lagging()
    worker.undecodable[TP(COMMENTS, 0)] = Undecodable(5, "its checksum is wrong")
    named = f"{COMMENTS}/0: the batch at offset 5 cannot be decoded: its checksum is wrong"
    assert [worker.look(5) for _ in range(4)] == [[named]] * 4


def test_standing_counts_from_the_last_assignment() -> None:
    """While partitions were given back and read again nothing could move: a long recovery is no stall behind it."""
    worker = Lagging()
    assert worker.look(5) == []
    worker.health.phase_since = 60.0  # a rebalance and a recovery later
    assert worker.look(5) == []
    assert worker.look(5) == []
    assert worker.look(5) != []


def test_unchanged_counts_from_the_last_change() -> None:
    """A changed value begins anew."""
    now = [0.0]
    still = Unchanged(lambda: now[0])
    assert still.seconds("a", 1) == 0.0
    now[0] = 5.0
    assert still.seconds("a", 1) == 5.0
    assert still.seconds("a", 2) == 0.0


def test_the_first_reason_is_the_one_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """What follows a failure is mostly its consequence; a worker that just stops has failed as well."""
    worker_exit = Exit()
    worker_exit.failed(ConnectionError("the broker is gone"))
    worker_exit.failed(RuntimeError("Event loop is closed"))
    assert worker_exit.code() is ExitCode.FAILED
    assert caplog.messages[-1] == "worker ends: ConnectionError: the broker is gone"
    assert Exit().code() is ExitCode.FAILED
    stopped = Exit()
    stopped.signal_name = "SIGTERM"
    assert stopped.code() is ExitCode.STOPPED


def test_a_failed_worker_that_hangs_on_its_way_down_tells_why_it_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The drain's time also ends a worker that crashed; its code and its last words are those of the crash."""
    codes: list[int] = []
    monkeypatch.setattr("agents.liveness.exits.exit_now", codes.append)
    worker_exit = Exit()
    worker_exit.failed(ConnectionError("the broker is gone"))
    worker_exit.now(ExitCode.DRAIN_EXCEEDED, "not flushed", with_stacks=False)
    assert codes == [ExitCode.FAILED]
    assert caplog.messages == ["while going down: not flushed", "worker ends: ConnectionError: the broker is gone"]


BLOCKED = """
import asyncio, logging, time
from agents.liveness.exits import Exit
from agents.liveness.health import Health
from agents.settings import Settings
from agents.liveness.watchdog import Watch, Watchdog

logging.basicConfig(level="INFO")


async def main():
    watch = Watch(Settings(block_seconds=1.5), Health(lambda: 0))
    watchdog = Watchdog(watch, list, Exit())
    watchdog.start_thread()
    await watchdog.start()
    await asyncio.sleep(1.2)
    time.sleep(60)  # the_line_that_blocks


asyncio.run(main())
"""


def test_a_process_whose_loop_stands_still_ends_with_its_stacks() -> None:
    """The exit code says what happened, the log which line it was."""
    ended = subprocess.run([sys.executable, "-c", BLOCKED], cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert ended.returncode == ExitCode.BLOCKED
    assert 'File "<string>", line 17 in main' in ended.stderr
    assert "the event loop has stood still" in ended.stderr.splitlines()[-1]
