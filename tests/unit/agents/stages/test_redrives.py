"""Redrives that were decided at a desk: by whom they are carried out, until when, and which letters they mean."""

import asyncio
import sys
from pathlib import Path

import pytest

from agents.broker.dead_letter_log import PlacedLetter, Survey
from agents.settings import Settings
from agents.stages.redrive_pass import is_letter_of, outcome_of
from agents.stages.redrive_watch import RedriveWatch
from models.actions import Action, ActionOutcome, LettersTarget, record_key
from models.deadletters import DeadLetter
from models.topics import COMMENTS
from streams.events.actions import ActionBook

TARGET = LettersTarget(reason="unknown_campaign", before={"0": 7})
ACTION = Action(action_id="a" * 32, campaign_id="c", kind="redrive", at_ms=1, actor="ann", target=TARGET)


def placed(offset: int, **fields: object) -> PlacedLetter:
    """A dead letter of the campaign."""
    made = {
        "reason": "unknown_campaign",
        "detail": "",
        "topic": COMMENTS,
        "partition": 0,
        "offset": offset,
        "key": None,
        "value": b'{"campaign_id": "c"}',
        **fields,
    }
    return PlacedLetter(0, offset, 5, DeadLetter(**made))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("letter", "is_meant"),
    [
        (placed(6), True),
        (placed(7), False),
        (placed(6, reason="wrong_type"), False),
        (placed(6, value=b'{"campaign_id": "other"}'), False),
        (placed(6, value=b"no event"), False),
    ],
)
def test_an_action_means_the_letters_of_its_campaign_that_were_there(letter: PlacedLetter, is_meant: bool) -> None:
    """With its reason, before the offset that was seen: what is refused again is no part of it."""
    assert is_letter_of("c", TARGET, letter) is is_meant


def test_an_outcome_is_absolute() -> None:
    """Carried out again it says the same: how many were meant, and what has become of each."""
    survey = Survey()
    letters = [placed(1), placed(2), placed(3, cut_from_bytes=9_000_000)]
    for letter in letters:
        found = type("Record", (), {"partition": 0, "offset": letter.offset, "timestamp": 5})
        found.key, found.value, found.headers = letter.letter.key, letter.letter.value, letter.letter.headers()
        survey.add(found, lambda _: True)
    survey.redrives.done = {letters[0].letter.identity}
    assert outcome_of(ACTION, survey, 9) == ActionOutcome(
        action_id=ACTION.action_id, campaign_id="c", at_ms=9, letters=3, redriven=1, hindered=1, open=1
    )


def begun(tmp_path: Path, code: int, *, owned: bool = True, times: int = 1, seconds: float = 20.0) -> int:
    """How often a redrive is begun until it was so often, or the time is over; with exit code 0 it has an outcome."""
    tally = tmp_path / "tally"
    program = f"import sys; sys.stdin.readline(); open({str(tally)!r}, 'a').write('x'); sys.exit({code})"
    book = ActionBook()
    book.take(record_key(ACTION), ACTION)
    done = ActionOutcome(
        action_id=ACTION.action_id, campaign_id="c", at_ms=9, letters=0, redriven=0, hindered=0, open=0
    )

    def count() -> int:
        return len(tally.read_text()) if tally.exists() else 0

    async def run() -> None:
        watch = RedriveWatch(Settings(), book, lambda _: owned, (sys.executable, "-c", program), 0.01, 0.01)
        await watch.start()
        try:
            async with asyncio.timeout(seconds):
                while count() < times:  # noqa: ASYNC110  # another process writes
                    await asyncio.sleep(0.02)
                if code == 0:
                    book.take(record_key(done), done)
        except TimeoutError:
            pass
        await watch.stop()

    asyncio.run(run())
    return count()


def test_the_worker_that_owns_the_campaign_carries_it_out(tmp_path: Path) -> None:
    """Until its outcome stands behind it; another worker does not begin."""
    assert begun(tmp_path, 0) == 1
    (tmp_path / "tally").unlink()
    assert begun(tmp_path, 0, owned=False, seconds=0.3) == 0


def test_what_failed_is_tried_again(tmp_path: Path) -> None:
    """By this worker, or whoever owns the campaign then: the action has no outcome."""
    assert begun(tmp_path, 1, times=2) >= 2
