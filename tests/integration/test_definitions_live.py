"""Campaign definitions while workers run: a change needs no restart, and a wrong file changes nothing."""

import time
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from kafka import KafkaProducer

from agents.cli.root import cli
from agents.clock import wait_until
from models.topics import CONVERSIONS, DEFINITIONS, POSTS
from streams.events.partitioning import partition_of
from tests.integration.cluster import Cluster
from tests.integration.commands import run, send
from tests.integration.scrape import scrape

PARTITIONS = 4
SECONDS = 30.0
NOW_MS = time.time_ns() // 1_000_000
NUMBERS = count()

pytestmark = pytest.mark.broker

PLACED = [next(name for name in (f"inf-{n}" for n in count()) if partition_of(name, PARTITIONS) == p) for p in range(4)]
"""One influencer in each partition, so that each worker is seen to have taken a change."""


def definition(name: str, campaign_id: str = "spring", **changes: Any) -> str:
    """A definition file of the placed influencers; ``codes``, ``followers``, ``handle`` and ``like`` (price) vary."""
    lines = [
        f"campaign_id: {campaign_id}",
        f"name: {name}",
        'starts_at: "2026-04-18T16:00:00+02:00"',
        'ends_at: "2026-04-18T22:00:00+02:00"',
        f'rate_card: {{ currency: EUR, dated: "2026-03-01", like: "{changes.get("like", "0.10")}" }}',
        "influencers:",
    ]
    for number, influencer_id in enumerate(PLACED):
        lines += [
            f"  - influencer_id: {influencer_id}",
            f'    handle: "{changes.get("handle", "@")}{influencer_id}"',
            "    platform: instagram",
            f"    followers: {changes.get('followers', 1000)}",
            f"    discount_codes: [{changes.get('codes', 'SPRING')}{number}]",
        ]
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """Two workers and a campaign of four influencers."""
    with Cluster(partitions=PARTITIONS, FLUSH_SECONDS="0.2") as running:
        running.add_worker()
        running.add_worker()
        running.wait_ready()
        yield running


def apply(cluster: Cluster, tmp_path: Path, text: str, *options: str) -> Any:
    """Write a definition file and apply it."""
    file = tmp_path / "campaign.yaml"
    file.write_text(text)
    return run("campaigns", "apply", str(file), *options, environment=cluster.environment())


def event(type_: str, **fields: Any) -> dict[str, Any]:
    """An event with an id of its own."""
    return {
        "type": type_,
        "event_id": f"event-{next(NUMBERS)}",
        "campaign_id": "spring",
        "platform": "instagram",
        "occurred_at": NOW_MS,
        **fields,
    }


def purchase(code: str) -> dict[str, Any]:
    """An order by code."""
    return event("purchase", discount_code=code, order_id=f"order-{next(NUMBERS)}", amount="10", currency="EUR")


def rollups(cluster: Cluster) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The campaign's rollup and those of its influencers by id; empty when there is none yet."""
    snapshot = cluster.snapshot()
    campaigns = [each for each in snapshot["campaigns"] if each["campaign_id"] == "spring"]
    influencers = {each["influencer_id"]: each for each in snapshot["influencers"] if each["campaign_id"] == "spring"}
    return (campaigns[0] if campaigns else {}), influencers


def wait_for(cluster: Cluster, is_so: Any) -> None:
    """Wait until the read model is as described, a function of campaign rollup and influencer rollups."""
    assert wait_until(lambda: bool(is_so(*rollups(cluster))), timeout_seconds=SECONDS), rollups(cluster)


def test_a_change_takes_effect_everywhere_without_a_restart(cluster: Cluster, tmp_path: Path) -> None:
    """Names, followers, rate card and attribution follow the definition, on both workers."""
    pids = [worker.pid for worker in cluster.workers]
    bootstrap = cluster.broker.bootstrap
    reactions = [event("post.reaction", influencer_id=each, post_id="p", kind="like", count=30) for each in PLACED]
    send(bootstrap, POSTS, PARTITIONS, reactions)
    wait_for(cluster, lambda campaign, found: campaign and set(found) == set(PLACED))
    campaign, found = rollups(cluster)
    assert (campaign.get("name"), {each["handle"] for each in found.values()}) == ("", {""})

    assert apply(cluster, tmp_path, definition("First")).returncode == 0
    wait_for(
        cluster,
        lambda campaign, found: (
            (campaign["name"], campaign["followers"]) == ("First", 4000)
            and all(found[each]["followers"] == 1000 for each in PLACED)
        ),
    )
    campaign, found = rollups(cluster)
    for each in PLACED:
        total = found[each]["windows"]["total"]
        assert (found[each]["handle"], found[each]["platform"]) == (f"@{each}", "instagram")
        assert total["engagement_rate_by_followers"] == 0.03
        assert Decimal(total["earned_media_value"]["amount"]) == Decimal(3)

    send(bootstrap, CONVERSIONS, PARTITIONS, [purchase(f"spring{n}") for n in range(4)] + [purchase("SUMMER0")])
    wait_for(cluster, lambda campaign, _: campaign["windows"]["total"].get("purchases") == 5)
    found = rollups(cluster)[1]
    assert {each: stats["windows"]["total"].get("purchases", 0) for each, stats in found.items()} == {
        "": 1,
        **dict.fromkeys(PLACED, 1),
    }

    second = definition("Second", codes="SUMMER", followers=500, handle="@new.", like="0.20")
    assert apply(cluster, tmp_path, second).returncode == 0
    wait_for(
        cluster,
        lambda campaign, found: (
            (campaign["name"], campaign["followers"]) == ("Second", 2000)
            and all(found[each]["followers"] == 500 for each in PLACED)
        ),
    )
    campaign, found = rollups(cluster)
    for each in PLACED:
        total = found[each]["windows"]["total"]
        assert found[each]["handle"] == f"@new.{each}"
        assert total["engagement_rate_by_followers"] == 0.06
        assert Decimal(total["earned_media_value"]["amount"]) == Decimal(6)
    send(bootstrap, CONVERSIONS, PARTITIONS, [purchase(f"summer{n}") for n in range(4)] + [purchase("SPRING0")])
    wait_for(cluster, lambda campaign, _: campaign["windows"]["total"].get("purchases") == 10)
    found = rollups(cluster)[1]
    assert {each: stats["windows"]["total"].get("purchases", 0) for each, stats in found.items()} == {
        "": 2,
        **dict.fromkeys(PLACED, 2),
    }

    assert run("campaigns", "remove", "spring", environment=cluster.environment()).returncode == 0
    wait_for(
        cluster,
        lambda campaign, found: campaign.get("name") == "" and all(found[each]["handle"] == "" for each in PLACED),
    )
    send(bootstrap, CONVERSIONS, PARTITIONS, [purchase("SUMMER0")])
    wait_for(cluster, lambda campaign, _: campaign["windows"]["total"]["purchases"] == 11)
    campaign, found = rollups(cluster)
    assert found[""]["windows"]["total"]["purchases"] == 3
    assert campaign["windows"]["total"].get("earned_media_value") is None
    assert [worker.pid for worker in cluster.workers if worker.running] == pids


def test_list_shows_what_is_in_force(cluster: Cluster, tmp_path: Path) -> None:
    """Applied campaigns are listed with name and size, removed ones no more."""
    assert (
        apply(cluster, tmp_path, definition("Listed", "listed")).stdout == "applied: listed (Listed), 4 influencers\n"
    )
    listed = run("campaigns", "list", environment=cluster.environment())
    assert listed.returncode == 0
    (line,) = [line for line in listed.stdout.splitlines() if line.startswith("listed ")]
    assert line.split() == ["listed", "Listed", "2026-04-18T16:00:00+02:00", "2026-04-18T22:00:00+02:00", "4", "-"]
    removed = run("campaigns", "remove", "listed", environment=cluster.environment())
    assert (removed.returncode, removed.stdout) == (0, "removed: listed\n")
    assert "listed" not in run("campaigns", "list", environment=cluster.environment()).stdout


def test_dry_run_only_checks(cluster: Cluster, tmp_path: Path) -> None:
    """--dry-run says the file is valid, needs no broker and publishes nothing."""
    checked = apply(cluster, tmp_path, definition("Dry", "dry"), "--dry-run")
    assert (checked.returncode, checked.stdout) == (0, "valid: dry (Dry), 4 influencers\n")
    assert "dry" not in run("campaigns", "list", environment=cluster.environment()).stdout
    away = cluster.environment(BROKER="127.0.0.1:1")
    assert run("campaigns", "apply", str(tmp_path / "campaign.yaml"), "--dry-run", environment=away).returncode == 0


def test_removing_what_is_not_there_says_so_by_doing_nothing(cluster: Cluster) -> None:
    """Taking back an unknown campaign is harmless: the workers go on."""
    assert run("campaigns", "remove", "never-heard-of", environment=cluster.environment()).returncode == 0
    assert all(worker.running for worker in cluster.workers)


WRONG = {
    "negative followers": ("followers: 1000", "followers: -5", 10, "influencers[0].followers", "-5"),
    "a text for a number": ("followers: 1000", "followers: many", 10, "influencers[0].followers", "many"),
    "a misspelt field": ("handle:", "handel:", 8, "influencers[0].handel", "handel"),
    "a time without offset": ("16:00:00+02:00", "16:00:00", 3, "starts_at", "2026-04-18T16:00:00"),
    "an unknown currency": ("currency: EUR", "currency: ABC", 5, "rate_card.currency", "ABC"),
    "a price with a comma": ('like: "0.10"', 'like: "0,10"', 5, "rate_card.like", "0,10"),
    "an end before the start": ("T22:00:00", "T12:00:00", 4, "ends_at", "2026-04-18T12:00:00"),
    "an empty name": ("name: Wrong", 'name: ""', 2, "name", ""),
    "a code given twice": ("[SPRING1]", "[spring0]", 16, "influencers[1].discount_codes[0]", "spring0"),
    "YAML that is none": ("influencers:", "influencers: [", 7, "YAML", ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_file_names_line_field_and_value(case: str, tmp_path: Path) -> None:
    """Exit code 2, and one message with file, line, field and value, also in the second document of a file."""
    before, after, line, field, value = WRONG[case]
    wrong = definition("Wrong", "wrong").replace(before, after, 1)
    assert wrong != definition("Wrong", "wrong")
    first = definition("Right", "right")
    file = tmp_path / "campaign.yaml"
    file.write_text(first + "---\n" + wrong)
    # The broker is away: a wrong file is found before anybody is asked for anything.
    result = CliRunner(env={"PULSE_BROKER": "127.0.0.1:1"}).invoke(cli, ["campaigns", "apply", str(file)])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith(f"Error: {file}:{first.count(chr(10)) + 1 + line}: {field}: "), result.stderr
    assert value in result.stderr


def test_a_wrong_file_changes_nothing(cluster: Cluster, tmp_path: Path) -> None:
    """No campaign of a file with an error is published, also not the valid ones."""
    wrong = definition("Wrong", "wrong").replace("followers: 1000", "followers: -5", 1)
    result = apply(cluster, tmp_path, definition("Right", "right") + "---\n" + wrong)
    assert (result.returncode, result.stdout) == (2, "")
    listed = run("campaigns", "list", environment=cluster.environment())
    assert listed.returncode == 0
    assert not {"right", "wrong"} & set(listed.stdout.split())


def test_a_definition_that_is_none_is_skipped_by_workers(cluster: Cluster, tmp_path: Path) -> None:
    """Something else in the definitions topic is logged and skipped: the next definition is still taken."""
    with closing(KafkaProducer(bootstrap_servers=cluster.broker.bootstrap)) as producer:
        for value in (b"hello", b"\xff", b'{"campaign_id": "broken"}'):
            producer.send(DEFINITIONS, key=b"broken", value=value).get(timeout=30)
        producer.send(DEFINITIONS, key=b"\xff", value=None).get(timeout=30)
    assert apply(cluster, tmp_path, definition("Third")).returncode == 0
    wait_for(cluster, lambda campaign, _: campaign.get("name") == "Third")
    listed = run("campaigns", "list", environment=cluster.environment())
    assert listed.returncode == 0
    assert "Third" in listed.stdout
    assert listed.stderr.count("is not a campaign definition") == 3
    assert all(scrape(cluster, worker).value("campaign_pulse_partitions") == 2 for worker in cluster.workers)
