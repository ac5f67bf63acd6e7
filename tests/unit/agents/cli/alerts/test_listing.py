"""`campaign-pulse alerts list`: what is open and what is over, as the workers wrote it into Redis."""

import asyncio
import json
from unittest import mock

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from agents.cli.alerts.listing import _lasted
from agents.cli.root import cli
from agents.embedded.servers import EmbeddedRedis
from agents.read_model.alerts import AlertProjection, AlertView
from agents.read_model.connection import async_client
from agents.read_model.presence import Presence
from models.alerts import Alert, AlertTransition, SampleComment
from models.times import MINUTE_MS
from streams.alerts.transitions import NumberedTransition

AT_MS = 1_776_528_000_000  # 2026-04-18T16:00:00Z
WAVE = Alert(
    alert_id="wave",
    rule="negative_wave",
    campaign_id="spring",
    influencer_id="ana",
    severity="critical",
    phase="firing",
    opened_at_ms=AT_MS,
    at_ms=AT_MS,
    strength=2.0,
    unit="negative share",
    observed=0.43,
    expected=0.081,
    ratio=5.3,
    sample_size=121,
    explanation="@ana's comments turned negative: 43 %, usually 8.1 %",
    sample_comments=(SampleComment("never\x1b again", -0.9),),
)
SPIKE = replace(
    WAVE,
    alert_id="spike",
    rule="engagement_spike",
    influencer_id=None,
    severity="warning",
    observed=1240.0,
    expected=62.5,
    explanation="The campaign's engagements: 1,240 in 1 minute, usually 62",
    sample_comments=(),
)


def _told(number: int, kind: str, alert: Alert, minute: int) -> NumberedTransition:
    at_ms = AT_MS + minute * MINUTE_MS
    changed = replace(alert, at_ms=at_ms)
    transition = AlertTransition(kind=kind, at_ms=at_ms, alert=changed)  # type: ignore[arg-type]  # one of its kinds
    return NumberedTransition(at_ms, number, transition)


@pytest.fixture(scope="module")
def prefix(embedded_redis: EmbeddedRedis) -> str:
    """A Redis in which an alert of spring is open, and another one has grown and ended."""
    view = AlertView(
        "spring",
        [_told(0, "opened", WAVE, 0)],
        [
            _told(0, "opened", WAVE, 0),
            _told(0, "opened", SPIKE, 1),
            _told(0, "updated", replace(SPIKE, observed=2480.0, strength=3.0, explanation="twice that"), 6),
            _told(0, "resolved", replace(SPIKE, phase="ok", resolution="recovered", explanation="is over"), 21),
        ],
    )

    async def write() -> None:
        redis = async_client(embedded_redis.url)
        projection = AlertProjection("listed")
        projection.put(view)
        await projection.write(redis, mock.create_autospec(Presence, instance=True), by_key=False)
        await redis.aclose()

    asyncio.run(write())
    return "listed"


def _list(server: EmbeddedRedis, prefix: str, *options: str) -> Result:
    environ = {"PULSE_REDIS_URL": server.url, "PULSE_REDIS_PREFIX": prefix}
    return CliRunner().invoke(cli, ["alerts", "list", *options], env=environ)


def test_open_alerts_come_first_with_numbers_and_words(embedded_redis: EmbeddedRedis, prefix: str) -> None:
    """A share is a share and a count a count; of what is over the worst moment is told, and how long it lasted."""
    done = _list(embedded_redis, prefix)
    assert done.exit_code == 0, done.output
    _, wave, spike = (line.split("  ") for line in done.output.splitlines())
    assert [cell.strip() for cell in wave if cell.strip()] == [
        "2026-04-18T16:00:00Z",
        "open",
        "critical",
        "negative_wave",
        "spring",
        "ana",
        "43.0 %",
        "8.1 %",
        "@ana's comments turned negative: 43 %, usually 8.1 %",
        "wave",
    ]
    assert [cell.strip() for cell in spike if cell.strip()] == [
        "2026-04-18T16:00:00Z",
        "21 min, recovered",
        "warning",
        "engagement_spike",
        "spring",
        "(all)",
        "2,480",
        "62",
        "twice that",
        "spike",
    ]


def test_comments_are_shown_only_when_asked_for(embedded_redis: EmbeddedRedis, prefix: str) -> None:
    """Texts of people stay away by default, in JSON too; asked for they cannot steer a terminal."""
    for options in ((), ("--json",)):
        assert "never" not in _list(embedded_redis, prefix, *options).output
    shown = _list(embedded_redis, prefix, "--comments").output
    assert "wave  -0.90  never\\x1b again" in shown
    document = json.loads(_list(embedded_redis, prefix, "--json", "--comments").output)
    assert [each["alert_id"] for each in document["open"]] == ["wave"]
    assert document["open"][0]["sample_comments"][0]["text"] == "never\x1b again"
    assert [(each["alert_id"], each["resolution"]) for each in document["over"]] == [("spike", "recovered")]


def test_it_can_be_narrowed(embedded_redis: EmbeddedRedis, prefix: str) -> None:
    """To one campaign, and to what is open."""
    assert _list(embedded_redis, prefix, "--campaign", "autumn").output == "no alert is open\n"
    assert "spike" not in _list(embedded_redis, prefix, "--recent", "0").output


def test_a_muted_alert_says_so_until_its_time() -> None:
    """Whoever muted it at the desk wanted to hear nothing of it: it is open all the same."""
    muted = replace(WAVE, muted_until_ms=AT_MS + 30 * MINUTE_MS)
    assert _lasted(muted, AT_MS) == "open, muted until 2026-04-18T16:30:00Z"
    assert _lasted(muted, AT_MS + 30 * MINUTE_MS) == "open"


def test_no_redis_ends_with_2() -> None:
    """One line that names the address."""
    done = CliRunner().invoke(cli, ["alerts", "list"], env={"PULSE_REDIS_URL": "redis://127.0.0.1:1/0"})
    assert done.exit_code == 2
    assert "127.0.0.1:1" in done.stderr
