"""When a flush is early: soon after news, at a distance of what the last one cost, and not in a backlog."""

from agents.worker.pace import NEARLY_READ, NEVER, Pace


class Timed:
    """A pace with clock, lag and logs of its own."""

    def __init__(self, least_seconds: float = 0.05) -> None:
        self.now = 100.0
        self.lag = 0
        self.written = 0
        self.pace = Pace(least_seconds, lambda: self.lag, lambda: self.written, lambda: self.now)

    def flush(self, *, seconds: float = 0.0, busy_seconds: float = 0.0, written: int = 0) -> None:
        """Flush, which takes a time by the clock and one of the processor, and writes some bytes."""
        self.pace.began()
        self.now += seconds
        self.written += written
        self.pace.ended(busy_seconds)

    def wait_seconds(self) -> float:
        """Return how long it is until a flush may be early."""
        return round(self.pace.soon_at() - self.now, 6)


def test_after_a_quiet_time_the_first_flush_comes_within_fifty_milliseconds() -> None:
    """It waits for other partitions a little, counted from the first event and not from the newest."""
    timed = Timed()
    timed.flush()
    timed.now += 60
    assert timed.pace.due_at() == NEVER
    timed.pace.note()
    assert 0 < timed.wait_seconds() < 0.05
    before = timed.pace.soon_at()
    timed.now += 0.01
    timed.pace.note()
    assert timed.pace.soon_at() == before
    assert timed.pace.due_at() == NEVER
    timed.now += 0.04
    assert timed.pace.due_at() == before


def test_without_news_no_flush_is_early() -> None:
    """What came in before a flush began is in it; what comes in while it runs is news."""
    timed = Timed()
    timed.pace.note()
    timed.flush()
    assert timed.pace.soon_at() == NEVER
    assert not timed.pace.has_news.is_set()
    timed.pace.began()
    timed.pace.note()
    timed.pace.ended(0.0)
    assert timed.pace.soon_at() < NEVER
    assert timed.pace.has_news.is_set()


def test_early_flushes_take_a_tenth_of_the_time() -> None:
    """After 30 ms of work 270 ms without; what a flush waited for brokers does not count."""
    timed = Timed()
    timed.flush(seconds=0.2, busy_seconds=0.03)
    timed.pace.note()
    assert timed.wait_seconds() == 0.27
    timed.flush(seconds=5.0, busy_seconds=0.001)
    timed.pace.note()
    assert timed.wait_seconds() == 0.02


def test_early_flushes_write_a_megabyte_and_a_half_a_second() -> None:
    """From the beginning of one that wrote 1,200,000 bytes to the next are 0.8 seconds."""
    timed = Timed()
    timed.flush(seconds=0.1, written=1_200_000)
    timed.pace.note()
    assert timed.wait_seconds() == 0.7


def test_the_setting_is_the_least_time_between_two_beginnings() -> None:
    """However cheap flushes are."""
    timed = Timed(least_seconds=0.25)
    timed.flush(seconds=0.05)
    timed.pace.note()
    assert timed.wait_seconds() == 0.2


def test_no_flush_is_early_while_much_waits_to_be_read() -> None:
    """A backlog gets large batches; its last records do not."""
    timed = Timed()
    timed.pace.note()
    timed.now += 1
    timed.lag = NEARLY_READ + 1
    assert timed.pace.due_at() == NEVER
    timed.lag = NEARLY_READ
    assert timed.pace.due_at() < timed.now


def test_a_worker_that_is_more_than_a_second_behind_is_in_a_backlog() -> None:
    """With a small share of a core 3,000 records are much where 2,000 a second are read; 1,000 are always little."""
    now, lag, read = 0.0, 3_000, 0
    pace = Pace(0.05, lambda: lag, lambda: 0, lambda: now, lambda: read)
    assert pace.is_nearly_read(), "nothing is known of the rate yet"
    now, read = 1.0, 2_000
    assert not pace.is_nearly_read()
    lag = 1_999
    assert pace.is_nearly_read()
    now, read, lag = 2.0, 2_010, 1_001
    assert not pace.is_nearly_read()
    lag = 1_000
    assert pace.is_nearly_read()
    now, read, lag = 3.0, 200_000, 10_001
    assert not pace.is_nearly_read()
