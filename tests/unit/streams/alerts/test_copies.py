"""A pasted text is one voice a minute: no wave of complaints, live, by replay and after a restart."""

from itertools import product

import pytest

from models.alerts import AlertTransition, WindowSample
from models.times import MINUTE_MS, SECOND_MS
from models.topics import COMMENTS, INPUT_TOPICS
from streams.alerts.explanations import explain
from streams.alerts.window_records import influencer_samples
from streams.changelog.log_positions import same_log
from streams.changelog.row_records import decode_record
from streams.detectors.signals import Reading, RecentWindow
from streams.pipeline.partition import PartitionState
from streams.replay import Replay
from tests.unit.events import NOON_MS, NOW_MS, WordScorer, partition_state, records, value_of

CALM, TROUBLE = 60, 12
PASTED = "bad people run this giveaway and nobody ever wins"
SYLLABLES = [a + b for a, b in product("bcdfgklmnprst", "aeiou")]


def own(number: int) -> str:
    """Words of one's own, long enough to be known again."""
    first, second = divmod(number, len(SYLLABLES))
    return f"bad {SYLLABLES[first] * 6} {SYLLABLES[second] * 6}"


def comment(number: int, at_ms: int, text: str, author: str) -> bytes:
    """A comment of its own id."""
    return value_of("comment.created", f"e{number}", at_ms, text=text, author_id=author)


def campaign(*trouble: tuple[str, str]) -> list[bytes]:
    """An hour of 20 comments a minute, two of them negative, then twelve minutes with so many more, spread evenly."""
    lines: list[bytes] = []
    for minute in range(CALM + TROUBLE):
        said = [("bad" if n < 2 else "fine", f"p{minute}-{n}") for n in range(20)]
        if minute >= CALM:
            each = len(trouble) // TROUBLE
            said += trouble[(minute - CALM) * each : (minute - CALM + 1) * each]
        step = 50 * SECOND_MS // len(said)
        for place, (text, author) in enumerate(said):
            lines.append(comment(len(lines), NOON_MS + minute * MINUTE_MS + place * step, text, author))
    return lines


def told(lines: list[bytes]) -> list[AlertTransition]:
    """What a replay of lines tells."""
    run = Replay(WordScorer(), [], NOW_MS, with_alerts=True)
    for _ in run.feed(lines):
        pass
    assert run.alerts is not None
    return run.alerts.transitions


COUNT = 25 * TROUBLE


@pytest.mark.parametrize(
    ("trouble", "is_wave"),
    [
        ([(own(n), f"q{n}") for n in range(COUNT)], True),
        ([("bad", f"q{n}") for n in range(COUNT)], True),
        ([(f"bad {'😡' * (n % 9)}", f"q{n}") for n in range(COUNT)], True),
        ([(PASTED, f"q{n}") for n in range(COUNT)], False),
        ([(PASTED, "bot") for _ in range(COUNT)], False),
        ([("bad", "bot") for _ in range(COUNT)], False),
        ([(f"{PASTED} {n} @q{n} {'😡' * (n % 5)}", f"q{n}") for n in range(COUNT)], False),
    ],
    ids=["own words", "one word of many", "with emoji", "pasted by many", "by one", "one word by one", "touched up"],
)
def test_only_people_make_a_wave(trouble: list[tuple[str, str]], *, is_wave: bool) -> None:
    """25 more negative comments a minute among 20: with their own words a wave, copied none."""
    rules = {transition.alert.rule for transition in told(campaign(*trouble))}
    assert ("negative_wave" in rules) is is_wave


def test_a_wave_among_copies_is_still_told() -> None:
    """Bots do not hide people: with as many copies beside them the same people make the same wave."""
    people = [(own(n), f"q{n}") for n in range(COUNT)]
    beside = [each for n, person in enumerate(people) for each in (person, (PASTED, f"b{n}"))]
    alone, together = told(campaign(*people)), told(campaign(*beside))
    opened = [[each.at_ms for each in run if each.alert.rule == "negative_wave"][:1] for run in (alone, together)]
    assert opened[0] == opened[1] != []
    wave = next(each.alert for each in together if each.alert.rule == "negative_wave")
    assert "copies, which count once a minute" in wave.explanation


def closed(state: PartitionState) -> dict[int, tuple[int, int]]:
    """Negative comments, and copies among them, of each closed minute once all topics were read to their end."""
    for topic in INPUT_TOPICS:
        state.read_to_end(topic, NOON_MS + (CALM + TROUBLE + 5) * MINUTE_MS)
    found = {}
    for window in state.closed.take():
        [sample] = influencer_samples(window, str)
        found[window.minute] = sample.negative, sample.negative_copies
    return found


def test_redeliveries_disorder_and_restarts_leave_the_copies_as_they_were() -> None:
    """Anywhere in the log a successor goes on from the record, reads a part again, and closes the same minutes."""
    lines = campaign(*[(own(n) if n % 3 else PASTED, f"q{n}") for n in range(COUNT)])[-700:]
    state = partition_state()
    state.apply(COMMENTS, records(lines), NOW_MS)
    expected = closed(state)
    # A third of the 300 is pasted, and once a minute it is no copy; a minute's 20 voices are known to one or two.
    assert abs(sum(copies for _, copies in expected.values()) - (100 - TROUBLE)) <= TROUBLE
    for cut in (100, 333, 650):
        first = partition_state()
        first.apply(COMMENTS, records(lines[:cut]), NOW_MS)
        first.apply(COMMENTS, records(lines[cut - 50 : cut], first_offset=cut), NOW_MS)
        positions = dict(zip(INPUT_TOPICS, map(same_log, first.positions), strict=True))
        second = partition_state()
        second.restore([decode_record(first.record_of(0))], {}, positions)
        second.apply(COMMENTS, records(lines[:cut]), NOW_MS)
        second.apply(COMMENTS, records(lines[cut:][::-1], first_offset=cut + 50), NOW_MS)
        assert closed(second) == expected


def test_the_sentence_says_how_many_are_copies() -> None:
    """Of 60 read 50 are negative, 20 of these copies; without any nothing is said."""
    sample = WindowSample(campaign_id="c", influencer_id=None, window_start_ms=0, window_end_ms=60_000)
    reading = Reading(strength=1.0, unit="negative share", observed=0.75, expected=0.1, ratio=7.5, sample_size=40)
    recent = [RecentWindow(0, 60, 0, 0, 0, negative=50, scored=60, copies=20)]
    assert explain("negative_wave", sample, reading, recent) == (
        "The campaign's comments turned negative: 75 %, usually 10 % (50 of 60 in 1 minute; 20 are copies, which "
        "count once a minute)"
    )
    assert "copies" not in explain("negative_wave", sample, reading, [RecentWindow(0, 60, 0, 0, 0, 50, 60)])
