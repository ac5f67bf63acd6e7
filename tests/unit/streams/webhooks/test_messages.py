"""What is told, to whom, with which id; signatures; when it is tried again."""

import time

import msgspec
import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from models.alerts import AlertTransition
from models.rollups import CampaignRollup, GiveawayRollup, RevenueStats, WindowStats
from models.webhooks import Milestones, RevenueThreshold, WebhookRules
from streams.webhooks.messages import MOST_BODY_BYTES, Totals, of_totals, of_transition
from streams.webhooks.schedule import PAUSES_MS, asked_to_wait_until_ms, next_attempt_ms, parse_pauses
from streams.webhooks.signing import signed_headers
from tests.unit.alert_changes import transition

NEW, OLD = "whsec_" + "QUFB" * 10, "whsec_" + "QkJC" * 10
NOON_MS = 1_776_513_600_000  # 2026-04-18T12:00:00Z


def rules(name: str = "ops", **more: object) -> WebhookRules:
    """A receiver."""
    return msgspec.convert({"name": name, "url": "https://ops.example/", **more}, WebhookRules)


def told(before: Totals, after: Totals, milestones: Milestones) -> list[tuple[str, object]]:
    """Milestones and thresholds of what is told."""
    receiver = WebhookRules(name="ops", url="https://ops.example/", milestones=milestones)
    made = of_totals(before, after, [receiver], "spring", "Spring", NOON_MS)
    data = [msgspec.json.decode(each.body)["data"] for each in made]
    return [(each["milestone"], each["threshold"]) for each in data]


def test_either_secret_verifies_with_their_library_and_no_other() -> None:
    """While a secret is changed both sign; the id and the time are signed too."""
    now, body = int(time.time()), '{"a":"ü"}'.encode()
    headers = signed_headers((NEW, OLD), "msg_1", now, body)
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (NEW, OLD):
        assert standardwebhooks.Webhook(secret).verify(body, headers) == {"a": "ü"}
    for changed in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(now + 1)}):
        with pytest.raises(standardwebhooks.WebhookVerificationError):
            standardwebhooks.Webhook(NEW).verify(body, headers | changed)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook("whsec_" + "Q0ND" * 10).verify(body, headers)
    assert "webhook-signature" not in signed_headers((), "msg_1", now, body)


def test_a_change_is_told_to_whoever_asked_for_it_with_an_id_of_its_own() -> None:
    """By kind, campaign and severity. Made again it is the same message; another receiver's has another id."""
    everybody = [
        rules("all", alerts=["opened", "escalated", "resolved"]),
        rules("grave", alerts=["opened"], severity="critical"),
        rules("ends", alerts=["resolved"]),
        rules("other", alerts=["opened"], campaigns=["autumn"]),
        rules("none", milestones={"first_order": True}),
    ]

    def names(change: AlertTransition) -> list[str]:
        return [each.webhook for each in of_transition(change, everybody, "Spring", NOON_MS)]

    assert names(transition(1)) == ["all"]
    assert names(transition(1, severity="critical")) == ["all", "grave"]
    assert names(transition(1, "resolved", severity="critical")) == ["all", "ends"]
    first, again = (list(of_transition(transition(1), [everybody[0]], "Spring", NOON_MS)) for _ in range(2))
    assert first == again
    grown = next(iter(of_transition(transition(1, "updated"), [everybody[0]], "Spring", NOON_MS)))
    assert grown.type == "alert.escalated"
    ids = {each.message_id for each in of_transition(transition(1, severity="critical"), everybody, "Spring", NOON_MS)}
    assert len({*ids, first[0].message_id, grown.message_id}) == 3


def test_a_muted_alert_is_told_to_nobody_until_its_time() -> None:
    """Not that it grew, nor that it is over; that it was muted is no news for receivers either."""
    receiver = rules(alerts=["opened", "escalated", "resolved"])

    def count(change: AlertTransition, written_ms: int) -> int:
        return len(list(of_transition(change, [receiver], "Spring", written_ms)))

    for kind in ("updated", "resolved"):
        assert count(transition(1, kind, muted_until_ms=NOON_MS), NOON_MS - 1) == 0
        assert count(transition(1, kind, muted_until_ms=NOON_MS), NOON_MS) == 1
    assert count(transition(1, "muted", muted_until_ms=NOON_MS), NOON_MS) == 0


def test_a_body_is_bounded_and_has_nothing_that_people_wrote() -> None:
    """Posts with ids of any length go before the numbers do."""
    posts = [{"post_id": "p" * 30_000, "engagements": 1}]
    change = transition(1, top_posts=posts, explanation="x" * 50_000)
    for form in ("standard", "slack"):
        made = next(iter(of_transition(change, [rules(alerts=["opened"], format=form)], "Spring", NOON_MS)))
        assert len(made.body) <= MOST_BODY_BYTES
        assert b"somebody wrote this" not in made.body


def test_thresholds_are_told_when_they_are_reached_each_once() -> None:
    """At the number itself, not before; several at one step; multiples in their order; revenue to the last digit."""
    wanted = Milestones(
        first_order=True,
        entries=(1_000, 1_500),
        every_entries=1_000,
        revenue=(RevenueThreshold(amount="100.10", currency="EUR"), RevenueThreshold(amount="5", currency="USD")),
    )
    none = Totals()
    assert told(none, Totals(orders=3), wanted) == [("first_order", 1)]
    assert told(Totals(orders=1), Totals(orders=3), wanted) == []
    assert told(none, Totals(entries=999), wanted) == []
    assert told(Totals(entries=999), Totals(entries=1_000), wanted) == [("entries", 1_000)]
    assert told(Totals(entries=1_000), Totals(entries=3_000), wanted) == [
        ("entries", 1_500),
        ("entries", 2_000),
        ("entries", 3_000),
    ]
    assert told(none, Totals(revenue={"EUR": "100.09"}), wanted) == []
    reached = Totals(revenue={"EUR": "100.10", "USD": "4.99"})
    assert told(Totals(revenue={"EUR": "100.09"}), reached, wanted) == [("revenue", "100.10")]
    assert len(told(none, Totals(entries=10**9), Milestones(every_entries=1))) == 100


@given(st.lists(st.integers(0, 5_000), max_size=30))
def test_however_totals_rise_and_fall_each_threshold_is_told_once(entries: list[int]) -> None:
    """Corrections take numbers back: what was told stays told, and what the highest total reached was told."""
    receiver = rules(milestones={"every_entries": 700, "entries": [1, 699, 4_999]})
    high, ids = Totals(), []
    for count in entries:
        rollup = GiveawayRollup(
            campaign_id="spring",
            influencer_id="",
            as_of_ms=0,
            status="open",
            opens_ms=0,
            closes_ms=1,
            time_left_ms=0,
            entries=count,
        )
        after = high.with_rollup(rollup)
        ids += [each.message_id for each in of_totals(high, after, [receiver], "spring", "Spring", 0)]
        high = after
    most = max(entries, default=0)
    expected = {*range(700, most + 1, 700), *(each for each in (1, 699, 4_999) if each <= most)}
    assert len(ids) == len(set(ids)) == len(expected)


def test_totals_are_the_highest_that_ever_were() -> None:
    """Orders, and revenue by currency, as numbers and not as texts: 9 is less than 10."""

    def rollup(orders: int, **revenue: str) -> CampaignRollup:
        money = {
            currency: RevenueStats(orders=1, revenue=amount, refunds=0, refunded="0")
            for currency, amount in revenue.items()
        }
        return CampaignRollup(
            campaign_id="spring",
            name="",
            influencers=0,
            followers=None,
            as_of_ms=0,
            windows={"total": WindowStats(purchases=orders, revenue=money)},
            leaderboards={},
        )

    high = Totals().with_rollup(rollup(3, EUR="10")).with_rollup(rollup(2, EUR="9", USD="1.5"))
    assert (high.orders, high.revenue) == (3, {"EUR": "10", "USD": "1.5"})


def test_pauses_grow_as_recommended_and_end() -> None:
    """5 s to 24 h, a fifth more or less by chance; what the receiver asks for counts where it is later."""
    assert [next_attempt_ms(each, 0, 0.5, None) for each in range(1, 10)] == list(PAUSES_MS)
    assert sum(PAUSES_MS) == 75 * 3_600_000 + 35 * 60_000 + 5_000
    assert next_attempt_ms(10, 0, 0.5, None) is None
    assert (next_attempt_ms(1, 0, 0.0, None), next_attempt_ms(1, 0, 1.0, None)) == (4_000, 6_000)
    assert (next_attempt_ms(1, 0, 0.5, 90_000), next_attempt_ms(2, 0, 0.5, 90_000)) == (90_000, 300_000)


@pytest.mark.parametrize(
    ("text", "until_ms"),
    [
        ("120", NOON_MS + 120_000),
        ("Sat, 18 Apr 2026 12:00:30 GMT", NOON_MS + 30_000),
        ("Sat, 18 Apr 2026 11:00:00 GMT", None),
        ("0", None),
        ("99999999999999999999", NOON_MS + 86_400_000),
        ("Fri, 31 Dec 9999 23:59:59 GMT", NOON_MS + 86_400_000),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(text: str, until_ms: int | None) -> None:
    """RFC 9110, 10.2.3; what says nothing is passed over."""
    assert asked_to_wait_until_ms(text, NOON_MS) == until_ms


@pytest.mark.parametrize("text", ["", "5 never", "0", "-1", "86401", "inf", "nan", "1 " * 51])
def test_pauses_that_are_none_are_refused(text: str) -> None:
    """Each above 0 and at most a day."""
    with pytest.raises(ValueError, match="expected"):
        parse_pauses(text)
