"""The alert engine on timelines of closed one-minute windows."""

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest

from models.alerts import (
    DEFAULT_RULES,
    AlertRuleOverride,
    AlertSettings,
    MutedMoment,
    SampleComment,
    WindowSample,
    rules_with,
)
from models.times import MINUTE_MS
from streams.alerts.engine import CampaignEngine

START_MS = 1_750_000_020_000


def window(minute, influencer="ana", **counts):
    """A closed window; the usual comments are a third of the engagements, one in ten of them negative."""
    engagements = counts.get("engagements", 0)
    comments = counts.setdefault("comments", engagements // 3)
    counts.setdefault("negative", comments // 10)
    counts.setdefault("neutral", comments - counts["negative"])
    counts.setdefault("clicks", engagements)
    counts.setdefault("purchases", round(0.1 * counts["clicks"]))
    counts.setdefault("code_uses", round(0.3 * counts["purchases"]))
    return WindowSample(
        campaign_id="summer",
        influencer_id=influencer,
        name="Ana" if influencer == "ana" else "",
        window_start_ms=START_MS + minute * MINUTE_MS,
        window_end_ms=START_MS + (minute + 1) * MINUTE_MS,
        **counts,
    )


def calm(engine, minutes=120, influencer="ana", level=100, seed=1):
    """Two calm hours; nothing may be told."""
    for minute, value in enumerate(np.random.default_rng(seed).poisson(level, minutes).tolist()):
        assert engine.observe(window(minute, influencer, engagements=value)) == []
    return minutes


def told(engine, samples):
    """(rule, kind) of everything told."""
    return [(t.alert.rule, t.kind) for sample in samples for t in engine.observe(sample)]


@pytest.mark.parametrize(
    ("rule", "counts"),
    [
        ("engagement_spike", {"engagements": 900}),
        ("engagement_drop", {"engagements": 6, "purchases": 1}),
        ("negative_wave", {"engagements": 100, "negative": 25}),
        ("conversion_drop", {"engagements": 100, "purchases": 0}),
        ("code_leak", {"engagements": 100, "code_uses": 14, "code_uses_without_click": 13}),
        ("feed_silent", {"engagements": 0}),
        ("entries_spike", {"engagements": 100, "entries": 80}),
    ],
)
def test_each_rule_finds_its_incident_and_its_end(rule, counts):
    """Ten bad minutes after two calm hours open one alert of that rule; calm resolves it."""
    engine = CampaignEngine("summer")
    now = calm(engine)
    during = told(engine, [window(now + i, **counts) for i in range(10)])
    assert during.count((rule, "opened")) == 1
    # A spike of engagements without more entries or orders is only that; nothing else is said about it.
    assert {name for name, _ in during} == {rule}
    after = told(engine, [window(now + 10 + i, engagements=100) for i in range(60)])
    assert after == [(rule, "resolved")]


def test_opened_and_resolved_share_one_id_and_explain_themselves():
    """An alert says who, how many, how many usually, and the share of negatives."""
    engine = CampaignEngine("summer")
    now = calm(engine)
    comments = tuple(SampleComment(f"the prize never came {i}", -0.7) for i in range(4))
    transitions = []
    for i in range(3):
        transitions += engine.observe(
            window(now + i, engagements=900, negative=90, sample_comments=comments, topics=("prize", "came"))
        )
    spike = next(t.alert for t in transitions if t.alert.rule == "engagement_spike")
    assert spike.explanation.startswith("Ana's engagements: 900 in 1 minute, usually ")
    assert "% negative" in spike.explanation
    assert spike.explanation.endswith('; most about "prize"')
    assert spike.sample_comments == comments
    wave = next(t.alert for t in transitions if t.alert.rule == "negative_wave")
    assert wave.explanation.startswith("Ana's comments turned negative: ")
    for i in range(40):
        transitions += engine.observe(window(now + 3 + i, engagements=100))
    resolved = [t.alert for t in transitions if t.kind == "resolved" and t.alert.rule == "engagement_spike"]
    assert [alert.alert_id for alert in resolved] == [spike.alert_id]
    assert resolved[0].resolved_at_ms > spike.opened_at_ms


def test_a_window_seen_before_wakes_nobody():
    """A redelivered or late window changes nothing: no alert, no state."""
    engine = CampaignEngine("summer")
    now = calm(engine)
    before = engine.export_state()
    assert engine.observe(window(now - 1, engagements=9000)) == []
    assert engine.observe(window(now - 60, engagements=9000)) == []
    assert engine.export_state() == before


@pytest.mark.parametrize("cut", [118, 121, 122, 126])
def test_a_crash_anywhere_tells_the_same_once(cut):
    """Export, import elsewhere, deliver the last windows again: the same transitions as without the crash."""
    rng = np.random.default_rng(5)
    values = [*rng.poisson(100, 120).tolist(), *[900] * 6, *rng.poisson(100, 40).tolist()]
    samples = [window(minute, engagements=value) for minute, value in enumerate(values)]
    whole = CampaignEngine("summer")
    expected = [t for sample in samples for t in whole.observe(sample)]
    first = CampaignEngine("summer")
    got = [t for sample in samples[:cut] for t in first.observe(sample)]
    second = CampaignEngine("summer")
    second.import_state(first.export_state())
    got += [t for sample in samples[cut - 5 :] for t in second.observe(sample)]
    assert expected
    assert got == expected


def test_planned_moments_raise_nothing():
    """The go-live is muted by the definition, and its end is no alert either."""
    engine = CampaignEngine("summer")
    moment = MutedMoment(
        label="go-live",
        starts_at=datetime.fromtimestamp((START_MS + 118 * MINUTE_MS) / 1000, tz=UTC),
        ends_at=datetime.fromtimestamp((START_MS + 150 * MINUTE_MS) / 1000, tz=UTC),
    )
    engine.configure(AlertSettings(muted_moments=(moment,)))
    now = calm(engine)
    spike = [window(now + i, engagements=int(100 + 800 * 0.9**i)) for i in range(60)]
    assert told(engine, spike) == []


def test_a_collapse_hours_after_a_go_live_is_a_drop():
    """Ten a minute before the go-live are no level that a hundred may fall back to unsaid."""
    engine = CampaignEngine("summer")
    moment = MutedMoment(
        label="go-live",
        starts_at=datetime.fromtimestamp((START_MS + 38 * MINUTE_MS) / 1000, tz=UTC),
        ends_at=datetime.fromtimestamp((START_MS + 80 * MINUTE_MS) / 1000, tz=UTC),
    )
    engine.configure(AlertSettings(muted_moments=(moment,)))
    calm(engine, minutes=40, level=10)
    launched = np.random.default_rng(2).poisson([100 + 600 * 0.85**i for i in range(140)]).tolist()
    assert told(engine, [window(40 + i, engagements=value) for i, value in enumerate(launched)]) == []
    fallen = [window(180 + i, engagements=10, clicks=100) for i in range(10)]
    assert ("engagement_drop", "opened") in told(engine, fallen)


def test_a_leak_teaches_no_conversion_rate():
    """An hour of orders that no visit led to: what is usual of visits stays what it was, so no fall follows."""
    engine, usual = CampaignEngine("summer"), []
    engine.watcher = lambda _, readings: usual.append(readings["conversion_drop"].expected)
    leaked = {"purchases": 15, "code_uses": 15, "code_uses_without_click": 14}
    ordinary = [window(i, engagements=20, purchases=i % 3 // 2, code_uses=i % 3 // 2) for i in range(400)]
    leak = [window(120 + i, engagements=20, **leaked) for i in range(60)]
    steps = told(engine, [*ordinary[:120], *leak, *ordinary[180:]])
    assert {rule for rule, _ in steps} == {"code_leak"}
    assert usual[185] < 1.2 * usual[119]


def test_silence_inhibits_the_drop_and_its_end_is_no_spike():
    """A feed that stops is one alert, not three."""
    engine = CampaignEngine("summer")
    now = calm(engine)
    silence = [window(now + i, engagements=0) for i in range(30)]
    back = [window(now + 30 + i, engagements=100) for i in range(30)]
    steps = told(engine, silence + back)
    assert {rule for rule, _ in steps} == {"feed_silent"}
    assert [kind for _, kind in steps if kind != "updated"] == ["opened", "resolved"]


def test_a_drop_of_everybody_is_no_drop_of_ana():
    """Five influencers fall together: no influencer's drop is told. One falls alone: hers is."""
    names = ["ana", "ben", "cleo", "dan", "eve"]
    for alone in (False, True):
        engine = CampaignEngine("summer")
        for seed, name in enumerate(names):
            calm(engine, influencer=name, seed=seed)
        rules = []
        for minute in range(120, 130):
            for name in names:
                low = name == "ana" or not alone
                rules += told(engine, [window(minute, name, engagements=8 if low else 100)])
        assert (("engagement_drop", "opened") in rules) is alone


def test_overrides_change_a_rule_and_keep_the_rest():
    """A campaign's override replaces one number; a contradiction is refused."""
    rules = rules_with({"code_leak": AlertRuleOverride(minimum_count=99)})
    assert rules["code_leak"].minimum_count == 99
    assert rules["code_leak"].cool_down_ms == DEFAULT_RULES["code_leak"].cool_down_ms
    assert rules["feed_silent"] == DEFAULT_RULES["feed_silent"]
    with pytest.raises(ValueError, match=r"^rules\.code_leak\.clear_at 5\.0"):
        AlertSettings(rules={"code_leak": AlertRuleOverride(clear_at=5.0)})


def test_a_disabled_rule_is_silent():
    """enabled: false."""
    engine = CampaignEngine("summer")
    engine.configure(AlertSettings(rules={"engagement_spike": AlertRuleOverride(enabled=False)}))
    now = calm(engine)
    assert told(engine, [window(now + i, engagements=900) for i in range(10)]) == []


def test_another_format_of_state_is_refused():
    """A state of another version is an error, not a guess."""
    engine = CampaignEngine("summer")
    calm(engine, minutes=3)
    state = msgspec.msgpack.decode(engine.export_state())
    state["version"] = 99
    with pytest.raises(ValueError, match="99"):
        engine.import_state(msgspec.msgpack.encode(state))


def test_a_window_of_another_campaign_is_refused():
    """An engine judges one campaign: a window of another is an error, not a series of its own."""
    engine = CampaignEngine("winter")
    with pytest.raises(ValueError, match="'summer'"):
        engine.observe(window(0, engagements=100))


@pytest.mark.parametrize("minutes", [30, 60, 120])
def test_a_slow_decline_is_told_before_it_has_ended(minutes):
    """From a hundred engagements a minute to four, evenly over up to two hours: one drop, before the bottom."""
    engine, rng = CampaignEngine("summer"), np.random.default_rng(1)
    levels = [100.0] * 240 + np.linspace(100.0, 4.0, minutes).tolist()
    counts = [int(rng.poisson(level * rng.gamma(15.0, 1 / 15.0))) for level in levels]
    opened = [
        (t.alert.rule, minute >= 240)
        for minute, count in enumerate(counts)
        for t in engine.observe(window(minute, engagements=count))
        if t.kind == "opened"
    ]
    assert opened == [("engagement_drop", True)]


@pytest.mark.parametrize(
    ("entries", "expected"), [(180, {"engagement_spike"}), (800, {"engagement_spike", "entries_spike"})]
)
def test_an_engagement_spike_explains_the_entries_that_rise_with_it(entries, expected):
    """Entries that rise as the engagements do are told once; entries that rise much more are news of their own."""
    engine = CampaignEngine("summer")
    for minute, value in enumerate(np.random.default_rng(3).poisson(100, 120).tolist()):
        assert engine.observe(window(minute, engagements=value, entries=value // 5)) == []
    during = told(engine, [window(120 + i, engagements=900, entries=entries) for i in range(6)])
    assert {rule for rule, _ in during} == expected


def minute_of(minute, names, **counts):
    """One minute of several influencers, alike, and of the campaign that they are."""
    influencers = [window(minute, name, **dict(counts)) for name in names]
    sums = {
        field: sum(getattr(each, field) for each in influencers)
        for field in ("engagements", "comments", "negative", "neutral", "clicks", "purchases", "code_uses")
    }
    return influencers, window(minute, None, **sums)


def test_a_storm_at_one_moment_becomes_one_alert_of_the_campaign():
    """Six influencers spike in one minute: one alert speaks for them; one alone speaks for herself."""
    names = ["ana", "ben", "cleo", "dan", "eve", "fay"]
    for many in (True, False):
        engine, rng, opened = CampaignEngine("summer"), np.random.default_rng(7), []
        for minute in range(130):
            influencers, _ = minute_of(minute, names, engagements=int(rng.poisson(100)))
            if minute >= 120:
                hit = names if many else names[:1]
                influencers = [window(minute, name, engagements=900 if name in hit else 100) for name in names]
            own = window(minute, None, engagements=sum(each.engagements for each in influencers))
            opened += [
                (transition.alert.influencer_id, transition.alert.rule, transition.kind)
                for transition in engine.observe_minute(influencers, own)
            ]
        assert opened == [(None if many else "ana", "engagement_spike", "opened")]


def test_the_end_of_one_influencers_burst_is_no_drop_of_the_campaign():
    """Bots give one of three influencers ten times her level for fifteen minutes: her spike is told, nothing else."""
    engine, rng, told_ = CampaignEngine("summer"), np.random.default_rng(11), []
    names = ["ana", "ben", "cleo"]
    for minute in range(300):
        flood = 300 if 150 <= minute < 165 else 0
        influencers = [
            window(minute, name, engagements=int(rng.poisson(30)) + (flood if name == "ana" else 0)) for name in names
        ]
        own = window(minute, None, engagements=sum(each.engagements for each in influencers))
        told_ += [(t.alert.influencer_id, t.alert.rule) for t in engine.observe_minute(influencers, own)]
    assert set(told_) == {("ana", "engagement_spike")}


def test_a_quiet_start_and_its_stragglers_tell_nothing():
    """Twenty minutes of one late event each, then a hundred a minute: a beginning, not eight alerts."""
    engine, rng = CampaignEngine("summer"), np.random.default_rng(13)
    names = [f"influencer-{number}" for number in range(8)]
    for minute in range(120):
        level = 1 if minute < 20 else 100
        influencers = [window(minute, name, engagements=int(rng.poisson(level))) for name in names]
        own = window(minute, None, engagements=sum(each.engagements for each in influencers))
        assert engine.observe_minute(influencers, own) == []
