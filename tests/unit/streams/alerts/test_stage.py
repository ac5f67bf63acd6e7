"""The campaign stage: which minutes are judged when partitions are late, repeat or go; what a definition changes."""

from unittest import mock

import numpy as np
import pytest

from agents.metrics.alerts import AlertCollector
from agents.stages.alerts import AlertWorker
from models.alerts import AlertTransition
from models.times import MINUTE_MS
from streams.alerts.engine import Mute
from streams.alerts.stage import AlertPartition
from streams.alerts.window_merger import GONE_MS
from streams.alerts.window_records import COUNTS, make_window
from streams.columns.formats import UnsupportedRecord
from streams.events.definitions import DefinitionError, parse_definitions
from streams.events.registry import Registry
from streams.pipeline.pipeline import Pipeline
from streams.replay import replayed
from tests.unit.events import NOON_MS, campaign, influencer

FIRST = NOON_MS // MINUTE_MS
WAIT_MS = 30_000


class Log:
    """A stage and the log it reads; remembers whose minutes were judged."""

    def __init__(self, registry: Registry | None = None, wait_ms: int = WAIT_MS) -> None:
        self.stage = AlertPartition(registry or Registry(), wait_ms)
        self.judged: list[tuple[str | None, int]] = []
        self.stage.watcher = lambda sample, _: self.judged.append(
            (sample.influencer_id, sample.window_start_ms // MINUTE_MS - FIRST)
        )

    def send(self, partition: int, minute: int, at_ms: int) -> None:
        """Report a minute of one influencer, named after its partition."""
        counts = np.full((1, len(COUNTS)), 5, dtype=np.int64)
        window = make_window("c", partition, FIRST + minute, [f"i{partition}"], counts, {})
        self.stage.apply(replayed(window, self.stage.position, NOON_MS + at_ms))

    def own(self) -> list[int]:
        """Minutes in which the campaign's own series was judged."""
        return [minute for influencer_id, minute in self.judged if influencer_id is None]


def test_a_minute_waits_for_every_partition_that_reports_the_campaign() -> None:
    """The campaign's sum is judged once all are there, after its influencers."""
    log = Log()
    log.send(0, 0, 0)
    log.send(1, 0, WAIT_MS + 1)
    assert log.judged == [("i0", 0), ("i1", 0), (None, 0)]
    log.send(0, 1, 2 * WAIT_MS)
    assert log.own() == [0]
    log.send(1, 1, 2 * WAIT_MS + 500)
    assert log.own() == [0, 1]


def test_a_late_partition_holds_nobody_up_for_long_and_no_sum_is_judged_without_it() -> None:
    """After the wait the others go on; the late one's influencers are judged when they come, the sum is left out."""
    log = Log()
    for minute in range(3):
        for partition in (0, 1):
            log.send(partition, minute, minute * MINUTE_MS + partition)
    log.send(0, 3, 3 * MINUTE_MS)
    assert ("i0", 3) not in log.judged
    log.send(0, 4, 4 * MINUTE_MS)
    assert ("i0", 3) in log.judged
    assert log.own() == [0, 1, 2]
    log.send(1, 3, 4 * MINUTE_MS + 1)
    log.send(1, 4, 4 * MINUTE_MS + 2)
    assert ("i1", 3) in log.judged
    assert log.own() == [0, 1, 2, 4]


def test_a_partition_long_silent_is_no_longer_waited_for() -> None:
    """Its rows have ended, or it is lost: the campaign's sum goes on without it."""
    log = Log()
    for minute in range(2):
        for partition in (0, 1):
            log.send(partition, minute, minute * MINUTE_MS + partition)
    for minute in range(2, 40):
        log.send(0, minute, minute * MINUTE_MS)
    assert max(log.own()) == 39
    assert GONE_MS // MINUTE_MS + 1 in log.own() or GONE_MS // MINUTE_MS + 2 in log.own()
    assert 5 not in log.own()


def test_minutes_told_again_after_a_restart_are_not_judged_again() -> None:
    """A successor of a source repeats what the panes hold."""
    log = Log(wait_ms=0)
    for minute in (0, 1, 2, 0, 1, 2, 3):
        log.send(0, minute, minute)
    assert log.own() == [0, 1, 2, 3]
    assert log.stage.stale_total() == 3


def test_alerts_are_about_those_the_definition_names() -> None:
    """Somebody in no definition counts for the campaign and has no alerts of its own."""
    log = Log(Registry([campaign(influencer("i0"))]), wait_ms=0)
    log.send(0, 0, 0)
    log.send(1, 0, 1)
    assert {influencer_id for influencer_id, _ in log.judged} == {"i0", None}


class Silence:
    """A campaign of ana and ben; ana's feed goes silent until her alert is open."""

    def __init__(self) -> None:
        self.both = Registry([campaign(influencer("ana"), influencer("ben"))])
        self.stage = AlertPartition(self.both, wait_ms=0)
        self.minutes = 0
        for _ in range(60):
            self.pass_minute(ana=30)
        while not self.open():
            self.pass_minute(ana=0)

    def pass_minute(self, ana: int) -> None:
        """Report a minute of both; ben's feed goes on."""
        counts = np.zeros((2, len(COUNTS)), dtype=np.int64)
        counts[:, COUNTS.index("engagements")] = ana, 30
        window = make_window("c", 0, FIRST + self.minutes, ["ana", "ben"], counts, {})
        self.stage.apply(replayed(window, self.stage.position, NOON_MS + self.minutes))
        self.minutes += 1

    def open(self) -> list[tuple[str | None, str]]:
        """Whose alerts are open, and which."""
        alerts = [told.transition.alert for told in self.stage.campaigns["c"].transitions.active.values()]
        return [(alert.influencer_id, alert.rule) for alert in alerts]

    def resolved(self) -> list[AlertTransition]:
        """The ends of alerts that are to be told."""
        pending = [numbered.transition for numbered in self.stage.campaigns["c"].transitions.pending]
        return [transition for transition in pending if transition.kind == "resolved"]

    def ends(self) -> list[tuple[str | None, str | None, int]]:
        """Whose alerts were resolved, how, and at which minute."""
        told = [
            each.transition
            for each in self.stage.campaigns["c"].transitions.pending
            if each.transition.kind == "resolved"
        ]
        return [(each.alert.influencer_id, each.alert.resolution, each.at_ms // MINUTE_MS - FIRST) for each in told]


def test_an_alert_of_somebody_who_left_the_definition_is_resolved() -> None:
    """It ends with the campaign's next minute and says why; without that nothing would ever end it."""
    silence = Silence()
    assert silence.open() == [("ana", "feed_silent")]
    silence.stage.configure(Registry([campaign(influencer("ben"))]))
    silence.pass_minute(ana=0)
    assert silence.open() == []
    assert silence.ends() == [("ana", "removed", silence.minutes)]
    (ended,) = silence.resolved()
    assert ended.alert.phase == "ok"
    assert ended.alert.explanation.startswith(
        "ana is no longer in the campaign's definition: feed silent is not watched"
    )
    silence.pass_minute(ana=0)
    assert len(silence.ends()) == 1


def test_somebody_who_left_and_comes_back_begins_anew() -> None:
    """What was learnt of an influencer goes with the alert, and a new definition opens none by itself."""
    silence = Silence()
    silence.stage.configure(Registry([campaign(influencer("ben"))]))
    silence.pass_minute(ana=0)
    silence.stage.configure(silence.both)
    for _ in range(10):
        silence.pass_minute(ana=0)
    assert silence.open() == []
    assert silence.stage.campaigns["c"].engine.influencers() == ["ana", "ben"]


def test_a_definition_that_is_gone_or_the_same_ends_no_alert() -> None:
    """Without any definition everybody is judged as before, and who is still named goes on."""
    silence = Silence()
    for registry in (Registry([campaign(influencer("ana"))]), Registry()):
        silence.stage.configure(registry)
        silence.pass_minute(ana=0)
        assert silence.open() == [("ana", "feed_silent")]


def test_a_successor_ends_the_alert_of_somebody_who_left_meanwhile() -> None:
    """A checkpoint with an open alert, and a definition that changed before it was taken over."""
    silence = Silence()
    campaign_alerts = silence.stage.campaigns["c"]
    saved = campaign_alerts.checkpoint(silence.stage.log_time_ms)
    silence.stage = AlertPartition(Registry([campaign(influencer("ben"))]), 0, silence.stage.position)
    silence.stage.restore("c", saved.data)
    assert silence.open() == [("ana", "feed_silent")]
    silence.pass_minute(ana=0)
    assert silence.open() == []


def test_an_alert_of_somebody_who_left_is_shown_by_no_metric() -> None:
    """Neither under the name that left the definition nor as `other`, which would be told as a new alert."""
    silence = Silence()
    alerts = mock.create_autospec(AlertWorker, instance=True, checkpoints_total=0)
    alerts.campaigns.return_value = list(silence.stage.campaigns.values())
    alerts.observed_total.return_value = alerts.stale_total.return_value = 0
    for registry, expected in ((silence.both, ["ana"]), (Registry([campaign(influencer("ben"))]), [])):
        pipeline = mock.create_autospec(Pipeline, instance=True, registry=registry, partitions={})
        families = {family.name: family for family in AlertCollector(alerts, pipeline, 100).collect()}
        shown = [sample.labels["influencer"] for sample in families["campaign_alert_active"].samples]
        assert shown == expected


HOUR_MS = 60 * MINUTE_MS


class Muting(Silence):
    """Ana's open alert, muted for an hour; the log's wall clock goes on as the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.mutes: dict[str, list[Mute]] = {}
        self.stage._mutes = self.mutes
        self.now_ms = NOON_MS + self.minutes

    def mute(self, influencer_id: str | None = "ana", after_ms: int = 0) -> None:
        """Mute the silence of somebody from now on."""
        start_ms = self.now_ms + after_ms
        self.mutes.setdefault("c", []).append(Mute("feed_silent", influencer_id, start_ms, start_ms + HOUR_MS))
        self.stage.mute("c")

    def pass_muted(self, ana: int, at_ms: int) -> None:
        """Report a minute, written at a moment of the wall clock."""
        counts = np.zeros((2, len(COUNTS)), dtype=np.int64)
        counts[:, COUNTS.index("engagements")] = ana, 30
        window = make_window("c", 0, FIRST + self.minutes, ["ana", "ben"], counts, {})
        self.now_ms = at_ms
        self.stage.apply(replayed(window, self.stage.position, at_ms))
        self.minutes += 1

    def told(self) -> list[tuple[str, int]]:
        """Kinds of the transitions that are to be told, and until when each is muted."""
        pending = [each.transition for each in self.stage.campaigns["c"].transitions.pending]
        return [(each.kind, each.alert.silent_until_ms) for each in pending]


def test_an_open_alert_that_is_muted_says_so_once() -> None:
    """In the record, with the end; not again when the mutes are read again, nor by a successor from a checkpoint."""
    log = Muting()
    log.mute()
    until_ms = log.now_ms + HOUR_MS
    assert log.told() == [("opened", 0), ("muted", until_ms)]
    log.stage.mute("c")
    assert len(log.told()) == 2
    saved = log.stage.campaigns["c"].checkpoint(log.stage.log_time_ms)
    log.stage = AlertPartition(log.both, 0, log.stage.position, log.mutes)
    log.stage.restore("c", saved.data)
    assert log.told() == [("opened", 0), ("muted", until_ms)]


def test_a_successor_that_hears_of_a_mute_at_its_start_says_so() -> None:
    """Muted while no worker lived: from a checkpoint that knows nothing of it."""
    log = Muting()
    saved = log.stage.campaigns["c"].checkpoint(log.stage.log_time_ms)
    log.mutes["c"] = [Mute("feed_silent", "ana", log.now_ms, log.now_ms + HOUR_MS)]
    log.stage = AlertPartition(log.both, 0, log.stage.position, log.mutes)
    log.stage.restore("c", saved.data)
    assert log.told() == [("opened", 0), ("muted", log.now_ms + HOUR_MS)]


def test_a_muted_alert_is_not_updated_and_ends_as_muted() -> None:
    """It grows unheard; when it is resolved meanwhile, the record of that says that nobody wants to hear it."""
    log = Muting()
    log.mute()
    until_ms, start_ms = log.now_ms + HOUR_MS, log.now_ms
    for minute in range(30):
        log.pass_muted(0, start_ms + minute)
    assert [kind for kind, _ in log.told()] == ["opened", "muted"]
    for minute in range(5):
        log.pass_muted(30, start_ms + 1_000 + minute)
    assert log.told()[-1] == ("resolved", until_ms)


def test_a_mute_ends_by_itself_after_an_hour_of_the_wall_clock() -> None:
    """Event time says nothing: forty silent minutes within a second are muted, the first one an hour later is told."""
    log = Muting()
    log.mute()
    start_ms = log.now_ms
    for minute in range(40):
        log.pass_muted(0, start_ms + minute)
    log.pass_muted(0, start_ms + HOUR_MS - 1)
    assert [kind for kind, _ in log.told()] == ["opened", "muted"]
    log.pass_muted(0, start_ms + HOUR_MS)
    assert log.told()[-1] == ("updated", 0)


def test_an_alert_that_would_open_while_muted_opens_when_that_ends() -> None:
    """Unlike in a planned moment: nobody said that it was to be expected. Nor is it said of others."""
    log = Muting()
    for _ in range(40):
        log.pass_muted(30, log.now_ms)
    assert log.open() == []
    log.mute()
    start_ms = log.now_ms
    for minute in range(40):
        log.pass_muted(0, start_ms + minute)
    assert log.open() == []
    for minute in range(2):
        log.pass_muted(0, start_ms + HOUR_MS + minute)
    assert log.open() == [("ana", "feed_silent")]


def test_an_alert_of_somebody_else_is_heard() -> None:
    """A mute is of one rule and one influencer; the campaign's own is another one."""
    log = Muting()
    log.mute(influencer_id="ben")
    log.mute(influencer_id=None)
    start_ms = log.now_ms
    for minute in range(30):
        log.pass_muted(0, start_ms + minute)
    assert "muted" not in [kind for kind, _ in log.told()]
    assert "updated" in [kind for kind, _ in log.told()]


def test_an_old_mute_is_not_said_of_a_new_alert() -> None:
    """Mutes stay in the topic: a worker that starts days later reads them all."""
    log = Muting()
    log.mutes["c"] = [Mute("feed_silent", "ana", log.now_ms - 2 * HOUR_MS, log.now_ms - HOUR_MS)]
    log.stage.mute("c")
    assert log.told() == [("opened", 0)]


def test_an_alert_that_is_muted_is_shown_by_no_metric_until_that_ends() -> None:
    """Whoever is called by Prometheus is not called for an hour."""
    log = Muting()
    log.mute()
    alerts = mock.create_autospec(AlertWorker, instance=True, checkpoints_total=0)
    alerts.campaigns.return_value = list(log.stage.campaigns.values())
    alerts.observed_total.return_value = alerts.stale_total.return_value = 0
    pipeline = mock.create_autospec(Pipeline, instance=True, registry=log.both, partitions={})
    for now_ms, expected in ((log.now_ms + HOUR_MS - 1, 0), (log.now_ms + HOUR_MS, 1)):
        collector = AlertCollector(alerts, pipeline, 100, now_ms=lambda now_ms=now_ms: now_ms)  # type: ignore[misc]  # bound
        families = {family.name: family for family in collector.collect()}
        assert len(families["campaign_alert_active"].samples) == expected


def test_a_checkpoint_of_another_format_is_refused() -> None:
    """What a newer version wrote ends the worker with its reason instead of being guessed at."""
    with pytest.raises(UnsupportedRecord, match="checkpoint of alerts"):
        AlertPartition(Registry()).restore("c", b"\x91\x63")


DEFINITION = """campaign_id: c
name: Spring
starts_at: "2026-04-12T10:00:00Z"
ends_at: "2026-04-12T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram}
alerts:
  rules:
    code_leak:
      minimum_count: 20
      %s
  muted_moments:
    - {label: go-live, starts_at: "2026-04-12T10:00:00Z", ends_at: "2026-04-12T10:30:00Z"}
"""


def test_alert_settings_of_a_definition_are_read() -> None:
    """Overrides and muted moments arrive where the engine looks for them."""
    [definition] = parse_definitions(DEFINITION % "enabled: true")
    assert definition.alerts is not None
    assert definition.alerts.rules["code_leak"].minimum_count == 20
    assert [moment.label for moment in definition.alerts.muted_moments] == ["go-live"]


@pytest.mark.parametrize(
    ("text", "line", "field", "value"),
    [
        (DEFINITION % "clear_at: 5.0", 11, "alerts.rules.code_leak.clear_at", "5.0"),
        (DEFINITION % "fire_at: -1", 11, "alerts.rules.code_leak.fire_at", "-1"),
        (DEFINITION % "fire_after: 3", 11, "alerts.rules.code_leak.fire_after", "fire_after"),
        ((DEFINITION % "enabled: true").replace("code_leak:", "code_leek:"), 9, "alerts.rules.code_leek", "code_leek"),
        ((DEFINITION % "enabled: true").replace("10:30:00Z", "09:00:00Z"), 13, "alerts.muted_moments[0]", ""),
    ],
)
def test_wrong_alert_settings_are_refused_with_their_place(text: str, line: int, field: str, value: str) -> None:
    """Contradictions, unknown rules, unknown fields and values out of range name line, field and value."""
    with pytest.raises(DefinitionError) as refused:
        parse_definitions(text)
    assert (refused.value.line, refused.value.field, refused.value.value) == (line, field, value)
