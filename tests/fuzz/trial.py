"""One trial: a simulated campaign, and noise in every topic that the worker reads, between and behind its events.

The worker must never end; what is good must count exactly (the oracle of ``tests/oracle``), before and after a kill;
and every piece of noise must be in a counter with its reason. What noise is, the product's own readers say beforehand
(``streams``): a piece that is well-formed in every respect, by chance, is left out, for it would be believed.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from kafka import KafkaConsumer, KafkaProducer

from agents.broker.topic_admin import changelog_topic
from agents.clock import wait_until
from agents.settings import Settings
from agents.simulator.plan import SimulationPlan
from agents.simulator.simulation import Simulation
from agents.stages.actions import read_action
from agents.stages.definitions import UNREADABLE, decode_change
from models.actions import Action, AlertTarget, LettersTarget, PersonTarget, encode_record, record_key
from models.deadletters import SET_ASIDE_REASONS, VALUE_REASONS, DeadLetter
from models.times import HOUR_MS
from models.topics import (
    ACTIONS,
    CLOSED_WINDOWS,
    DEAD_LETTERS,
    DEFINITIONS,
    DRAWS,
    ENTRIES,
    INFLUENCER_SNAPSHOTS,
    INPUT_TOPICS,
)
from streams.alerts.window_records import read_window
from streams.changelog.checks import read_changelog
from streams.changelog.fencing import EPOCH_HEADER, decode_epoch
from streams.columns.formats import NewerRecord, PoisonedRecord
from streams.events.decode import DECODE_ERRORS, MAX_EVENT_BYTES, read_event, rejection_of
from streams.ledger.fact_records import decode_fact
from streams.sentiment.scorers import make_scorer
from streams.statistics.campaign_minutes import is_part, read_part
from streams.statistics.snapshots import read_snapshot
from tests.fuzz.noise import Noise, Samples, Sent, noise_of
from tests.integration.cluster import SETTLE_SECONDS, Cluster
from tests.integration.commands import run
from tests.integration.definitions import with_giveaway, write_definition
from tests.integration.scrape import records_of, scrape
from tests.oracle.compare import at_the_end, differences
from tests.oracle.oracle import compute
from tests.oracle.polarities import polarities

PARTITIONS = 2
CHANGELOG = changelog_topic(Settings())
NOISY = (*INPUT_TOPICS, DEFINITIONS, ACTIONS, INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS, ENTRIES, CHANGELOG)
"""What a worker reads."""
ONE_PARTITION = (DEFINITIONS, ACTIONS)
READ_BY_COMMANDS = (DRAWS, DEAD_LETTERS)
_SAMPLES = 300
_SAMPLE_BYTES = 30_000
_AT_A_TIME = 500
_START_SECONDS = 600.0
"""A start reads everything again, noise included."""


_ACTIONS = tuple(
    Action(action_id=f"{number:032x}", campaign_id="spring", kind=kind, at_ms=number, actor="ann", target=target)
    for number, (kind, target) in enumerate(
        (
            ("hold", PersonTarget(platform="tiktok", author_id="u1")),
            ("mute", AlertTarget(rule="feed_silent", influencer_id="ana")),
            ("redrive", LettersTarget(reason="unknown_campaign", before={"0": 3})),
        )
    )
)
"""Good ones, none of which the trial's desk has."""


class Report(NamedTuple):
    """What a trial found."""

    sent: Counter[tuple[str, str]]
    """Noise, by topic and kind."""
    set_aside: Counter[tuple[str, str]]
    """What the worker counted, by topic and reason, before it was killed and after it together."""
    rejected: Counter[str]
    events: int
    seconds: float


def run_trial(
    events: int, noise: int, seed: int, directory: Path, say: Callable[[str], None] = lambda text: None
) -> Report:
    """Run a trial.

    Args:
        events: how many good events.
        noise: how many records that are none, over all topics.
        seed: where every chance comes from.
        directory: for files.
        say: told how far it got.

    Raises:
        AssertionError: the worker ended, a number is wrong, or noise is in no counter.
    """
    began = time.monotonic()
    now_ms = time.time_ns() // 1_000_000
    start_ms = now_ms - 7 * HOUR_MS
    definitions = with_giveaway(start_ms)
    plan = SimulationPlan(seed=seed, events=events, duration_seconds=6 * 3600, start_ms=start_ms)
    records = list(Simulation(definitions, plan).records())
    file = directory / "events.ndjson"
    file.write_bytes(b"".join(record.value + b"\n" for record in records if record.value))
    oracle = compute([file], definitions, None, now_ms, polarities(make_scorer("textblob")))
    applied = str(write_definition(definitions[0], directory / "definition.yaml"))
    chance = random.Random(seed)
    with Cluster(clock=str(oracle["as_of_ms"]), partitions=PARTITIONS) as cluster:
        trial = Trial(cluster, chance, say)
        cluster.command("campaigns", "apply", applied)
        cluster.add_worker()
        cluster.wait_ready()
        third = len(records) // 3
        cluster.publish_in_bulk(records[:third])
        trial.wait_read()
        trial.collect_samples()
        say(f"{third:,} events are counted; noise begins")
        trial.send_noise(noise // 2)
        cluster.publish_in_bulk(records[third : 2 * third])
        trial.wait_read()
        trial.send_noise(noise - noise // 2)
        cluster.publish_in_bulk(records[2 * third :])
        trial.wait_equal(oracle)
        say("every number is the oracle's")
        trial.restart()
        trial.wait_equal(oracle)
        say("and so it is after a kill, read from what there is in every topic")
        trial.check_counters()
        trial.check_commands(definitions[0].campaign_id)
        return Report(trial.sent, trial.set_aside, trial.rejected, len(records), time.monotonic() - began)


class Trial:
    """A cluster with one worker, and what was sent to it.

    Args:
        cluster: with nothing running but the broker and Redis.
        chance: where every chance comes from.
        say: told how far it got.
    """

    def __init__(self, cluster: Cluster, chance: random.Random, say: Callable[[str], None]) -> None:
        self.cluster = cluster
        self.sent: Counter[tuple[str, str]] = Counter()
        self.due: Counter[tuple[str, str]] = Counter()
        """Noise by topic and reason."""
        self.rejected: Counter[str] = Counter()
        self.set_aside: Counter[tuple[str, str]] = Counter()
        self._chance = chance
        self._say = say
        self._samples: Samples = {}

    @property
    def worker(self) -> Any:
        """The worker that runs now."""
        return self.cluster.workers[-1]

    # ------------------------------------------------------------------ noise

    def collect_samples(self) -> None:
        """Read good records of every topic."""
        found: dict[str, list[Sent]] = {}
        for topic in NOISY:
            if topic == ACTIONS:
                found[topic] = [Sent(record_key(each), encode_record(each), ()) for each in _ACTIONS]
                continue
            with closing(KafkaConsumer(bootstrap_servers=self.cluster.broker.bootstrap.split(","))) as consumer:
                good = [
                    Sent(record.key, record.value, tuple(record.headers))
                    for partition in range(PARTITIONS if topic not in ONE_PARTITION else 1)
                    for record in records_of(consumer, topic, partition)
                    if record.value and len(record.value) <= _SAMPLE_BYTES
                ]
            assert good, f"no good record of {topic}"
            found[topic] = self._chance.sample(good, min(_SAMPLES, len(good)))
        self._samples = found

    def send_noise(self, how_many: int) -> None:
        """Send noise to every topic in turn, those that only commands read among them."""
        topics = (*NOISY, *READ_BY_COMMANDS)
        servers = self.cluster.broker.bootstrap.split(",")
        with closing(KafkaProducer(bootstrap_servers=servers, linger_ms=50, acks=1)) as producer:
            for start in range(0, how_many, _AT_A_TIME):
                sent = []
                for number in range(start, min(start + _AT_A_TIME, how_many)):
                    topic = topics[number % len(topics)]
                    noise, partition, reason = self._noise(topic)
                    record = noise.sent
                    sent.append(
                        producer.send(
                            topic,
                            key=record.key,
                            value=record.value,
                            headers=list(record.headers),
                            partition=partition,
                        )
                    )
                    self.sent[topic, noise.kind] += 1
                    if reason:
                        self.due[topic, reason] += 1
                producer.flush()
                for each in sent:
                    each.get(timeout=60)
                if (start // _AT_A_TIME) % 10 == 9:
                    self._say(f"{start + len(sent):,} pieces of noise")

    def _noise(self, topic: str) -> tuple[Noise, int, str]:
        """Return noise for a topic, its partition, and the reason with which it must be counted ("" for none)."""
        while True:
            is_wide = topic in self._samples and topic not in ONE_PARTITION
            partition = self._chance.randrange(PARTITIONS if is_wide else 1)
            if topic in READ_BY_COMMANDS:
                return noise_of(self._chance, self._samples, self._chance.choice(NOISY)), partition, ""
            noise = noise_of(self._chance, self._samples, topic)
            reason = reason_of(topic, partition, noise.sent)
            if reason:
                return noise, partition, reason

    # ------------------------------------------------------------------- worker

    def wait_read(self) -> None:
        """Wait until the worker has applied all events; it must not end."""

        def is_read() -> bool:
            seen = scrape(self.cluster, self.worker)
            return not seen.total("campaign_pulse_lag_records") and seen.plain("campaign_pulse_events_total") > 0

        assert wait_until(is_read, timeout_seconds=SETTLE_SECONDS, give_up=lambda: not self.worker.running), (
            f"{self.worker.exit_code}: {self.worker.log_tail(40)}"
        )

    def wait_equal(self, oracle: dict[str, Any]) -> None:
        """Wait until every number is the oracle's; the worker must not end."""
        found: list[str] = []

        def equal() -> bool:
            found[:] = differences(at_the_end(self.cluster.snapshot(), oracle), oracle)
            return not found

        equal_in_time = wait_until(
            equal, timeout_seconds=SETTLE_SECONDS, give_up=lambda: not self.worker.running, poll_seconds=1.0
        )
        assert equal_in_time, "\n".join([f"exit code {self.worker.exit_code}", *found[:40], self.worker.log_tail(40)])

    def restart(self) -> None:
        """Kill the worker and start another one, which reads everything there is."""
        self._note_figures()
        os.kill(self.worker.pid, signal.SIGKILL)
        assert wait_until(lambda: not self.worker.running, timeout_seconds=30)
        self.cluster.add_worker()
        self.cluster.wait_ready(_START_SECONDS)

    # ----------------------------------------------------------------- counters

    def _figures(self) -> dict[tuple[str, str], int]:
        seen = scrape(self.cluster, self.worker)
        return {
            (topic, reason): int(seen.value("campaign_pulse_set_aside_total", topic=topic, reason=reason))
            for topic in (INFLUENCER_SNAPSHOTS, CLOSED_WINDOWS, ENTRIES, DEFINITIONS, ACTIONS, CHANGELOG)
            for reason in SET_ASIDE_REASONS
        }

    def _note_figures(self) -> None:
        """Keep the figures of a worker that is about to be killed."""
        seen = scrape(self.cluster, self.worker)
        for reason in VALUE_REASONS:
            self.rejected[reason] += int(seen.value("campaign_pulse_rejected_total", reason=reason))
        self.set_aside.update(self._figures())

    def check_counters(self) -> None:
        """Every piece of noise is in the counter of its topic and reason.

        What is read from its beginning at a start is counted by the last worker, neither more nor less. Of what is read
        once a killed worker may have counted some that its successor read again.
        """
        from_beginning = (INFLUENCER_SNAPSHOTS, ENTRIES, DEFINITIONS, ACTIONS, CHANGELOG)
        due = {place: count for place, count in self.due.items() if place[0] in from_beginning}

        def missing() -> list[str]:
            found = self._figures()
            places = {*due, *(place for place, count in found.items() if count and place[0] in from_beginning)}
            return [
                f"{place}: {found[place]} of {due.get(place, 0)}"
                for place in places
                if found[place] != due.get(place, 0)
            ]

        assert wait_until(lambda: not missing(), timeout_seconds=60, poll_seconds=0.5), "\n".join(missing())
        self._note_figures()
        for (topic, reason), count in self.due.items():
            if topic == CLOSED_WINDOWS:
                assert self.set_aside[topic, reason] >= count, (topic, reason, self.set_aside[topic, reason], count)
        refused = sum(count for (topic, _), count in self.due.items() if topic in INPUT_TOPICS)
        assert self.rejected.total() >= refused, (self.rejected, refused)
        letters = {(letter.topic, letter.partition, letter.offset) for letter in every_letter(self.cluster)}
        for topic in NOISY:
            placed = sum(1 for place in letters if place[0] == topic)
            wanted = sum(count for (name, _), count in self.due.items() if name == topic)
            assert placed >= wanted, f"{topic}: {placed} dead letters of {wanted}"

    # ----------------------------------------------------------------- commands

    def check_commands(self, campaign_id: str) -> None:
        """Commands that decide over the ledger refuse it with the place and the way out, which works; others go on."""
        environment = self.cluster.environment()
        refused = run("giveaway", "review", campaign_id, "--no-redis", environment=environment)
        assert refused.returncode == 2, refused
        assert f"{ENTRIES}/" in refused.stderr, refused.stderr
        assert "giveaway clear-record" in refused.stderr, refused.stderr
        place = refused.stderr.split(f"{ENTRIES}/", 1)[1].split(" ", 1)[0]
        shown = run("giveaway", "clear-record", f"{ENTRIES}/{place}", environment=environment)
        assert (shown.returncode, "nothing was changed" in shown.stderr) == (0, True), shown
        cleared = run("giveaway", "clear-record", "--all", "--accept", "--reason", "noise", environment=environment)
        assert (cleared.returncode, "cleared: " in cleared.stdout) == (0, True), cleared.stderr[-2000:]
        reviewed = run("giveaway", "review", campaign_id, "--no-redis", environment=environment, timeout_seconds=300)
        assert reviewed.returncode == 0, reviewed.stderr
        frozen = self.cluster.path / "frozen"
        froze = run(
            *("giveaway", "freeze", campaign_id, str(frozen), "--source", "a die", "--before-closing", "--fewer"),
            environment=environment,
            timeout_seconds=300,
        )
        assert froze.returncode == 0, froze.stderr
        record = msgspec.json.decode((frozen / "frozen.json").read_bytes())
        named = {each["place"] for each in record["ledger"]["cleared"]}
        assert f"{ENTRIES}/{place}" in named, named
        for command in (("dead-letters", "summary"), ("giveaway", "log", campaign_id), ("campaigns", "list")):
            done = run(*command, environment=environment, timeout_seconds=300)
            assert done.returncode == 0, (command, done.stderr[-2000:])
        assert self.worker.running, self.worker.log_tail(40)


def every_letter(cluster: Cluster) -> Iterator[DeadLetter]:
    """Yield the dead letters there are, the noise among them left out."""
    with closing(KafkaConsumer(bootstrap_servers=cluster.broker.bootstrap.split(","))) as consumer:
        for record in records_of(consumer, DEAD_LETTERS, 0):
            with suppress(ValueError):
                yield DeadLetter.from_record(record.key, record.value, list(record.headers))


def reason_of(topic: str, partition: int, sent: Sent) -> str:
    """Return why a record of a topic must be set aside; "" when it would be believed, or is of a newer format."""
    value = sent.value or b""
    try:
        if topic in INPUT_TOPICS:
            read_event(sent.value, topic, 1 << 62, MAX_EVENT_BYTES)
        elif topic == DEFINITIONS:
            decode_change(value)
        elif topic == ACTIONS and value:
            read_action(sent.key, value)
        elif topic == ACTIONS:
            return ""
        elif topic == INFLUENCER_SNAPSHOTS:
            (read_part if is_part(sent.key) else read_snapshot)(sent.key, value)
        elif topic == CLOSED_WINDOWS:
            read_window(sent.key, value, time.time_ns() // 1_000_000)
        elif topic == ENTRIES:
            decode_fact(sent.key, value)
        else:
            return _reason_in_changelog(partition, sent)
    except PoisonedRecord as error:
        return error.fault
    except NewerRecord:
        return ""
    except (*UNREADABLE, *DECODE_ERRORS) as error:
        return "foreign_value" if topic == DEFINITIONS else rejection_of(error, value).reason
    return ""


def _reason_in_changelog(partition: int, sent: Sent) -> str:
    epochs = [value for name, value in sent.headers if name == EPOCH_HEADER]
    try:
        epoch = decode_epoch(epochs[0]) if epochs else None
    except ValueError:
        return "no_epoch"
    read_changelog(partition, sent.key, sent.value or b"")
    return "" if epoch else "no_epoch"
