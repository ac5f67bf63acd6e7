"""Simulated deliveries: what the gateway makes of them is what the truth has of the same records."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest

from agents.demo.opening import reached_by_deliveries
from agents.simulator import FaultRates, SimulatedRecord, Simulation, SimulationPlan
from agents.simulator.deliveries import SHOP, Deliveries, Hook, portions, request_of
from agents.simulator.hook_sender import HookSender
from agents.simulator.publisher import PublishError
from agents.stages.definitions import read_definitions
from models.campaigns import CampaignDefinition
from streams.connectors.catalogue import CATALOGUE
from streams.connectors.drafts import Delivery
from streams.connectors.placing import Placer
from streams.connectors.signatures import verify
from streams.connectors.translation import translate
from streams.events.attribution import CampaignIndex
from streams.events.decode import read_event

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
NOW_MS = int(NOW.timestamp()) * 1000
SECRETS = {"instagram": "s1", "shopify": "s2"}


def definition() -> CampaignDefinition:
    """The example as the demo applies it."""
    (one,) = read_definitions(Path(__file__).parents[4] / "examples" / "giveaway.yaml")
    return reached_by_deliveries(one, NOW)


def simulated(events: int = 6_000) -> list[SimulatedRecord]:
    """Records of a few minutes, with every fault."""
    plan = SimulationPlan(
        events=events, duration_seconds=300, start_ms=NOW_MS, shop_platform=SHOP, faults=FaultRates(late_ratio=0.05)
    )
    return list(Simulation([definition()], plan).records())


def test_a_delivery_becomes_the_event_that_it_was_made_of() -> None:
    """The same comment or order, person, time, money and influencer, by the mapping that real deliveries go through."""
    chosen = Deliveries([definition()])
    pairs = [(json.loads(record.value), hook) for record in simulated() if (hook := chosen.hook(record))]
    kinds = [hook.kind for _, hook in pairs]
    assert kinds.count("instagram") > 100
    assert kinds.count("shopify") > 2
    placer, index = Placer([definition()]), CampaignIndex(definition())
    for fields, hook in pairs:
        request = request_of([hook], SECRETS)
        delivery = Delivery(
            source=f"{hook.kind}-demo",
            body=request.body,
            headers={name.lower(): value for name, value in request.headers.items()},
            received_ms=NOW_MS + 400_000,
        )
        connector = CATALOGUE[hook.kind]  # type: ignore[index]  # one of the kinds
        verify(connector.schemes, [SECRETS[hook.kind]], delivery.headers, delivery.body, None)
        (event,) = translate(delivery, placer, connector.read).events
        ours, _ = read_event(event.value, event.topic, NOW_MS + 500_000, 1_000_000)
        theirs, _ = read_event(msgspec.json.encode(fields), event.topic, NOW_MS + 500_000, 1_000_000)
        for name in ("campaign_id", "platform", "comment_id", "author_id", "text", "post_id", "order_id", "test"):
            assert getattr(ours, name, None) == getattr(theirs, name, None), name
        for name in ("amount", "currency", "occurred_ms"):
            assert getattr(ours, name, None) == getattr(theirs, name, None), name
        mine = getattr(ours, "influencer_id", None) or index.owners(ours)[:1]  # type: ignore[arg-type]
        truth = getattr(theirs, "influencer_id", None) or index.owners(theirs)[:1]  # type: ignore[arg-type]
        assert mine in (truth, truth and truth[0]), fields


def test_what_was_spoiled_on_purpose_is_never_delivered() -> None:
    """A comment without an event id is a good comment of Instagram's: it would count, against the truth."""
    campaign, chosen = definition(), Deliveries([definition()])
    plan = SimulationPlan(
        events=6_000, duration_seconds=300, start_ms=NOW_MS, shop_platform=SHOP, faults=FaultRates(corrupt_ratio=0.9)
    )
    simulation = Simulation([campaign], plan)
    records = list(simulation.records())
    spoiled = [record for record in records if record.is_spoiled]
    assert len(spoiled) == sum(simulation.truth().corrupt.values()) > 4_000
    assert {record for record in spoiled if chosen.hook(record)} == set()


def test_a_copy_goes_the_way_of_its_original() -> None:
    """Whatever the order: what is chosen depends on the comment's and the order's own ids alone."""
    records, chosen = simulated(), Deliveries([definition()])
    ways: dict[bytes, set[bool]] = {}
    for record in records:
        ways.setdefault(record.value, set()).add(chosen.hook(record) is not None)
    assert len(records) > len(ways)
    assert all(len(each) == 1 for each in ways.values())


def test_a_definition_that_deliveries_cannot_reach_is_refused() -> None:
    """Without a shop of its own, orders without a code would be parked."""
    (plain,) = read_definitions(Path(__file__).parents[4] / "examples" / "giveaway.yaml")
    with pytest.raises(ValueError, match="shopify-demo"):
        Deliveries([plain])


@contextmanager
def answering(statuses: list[int]) -> Iterator[tuple[str, list[bytes]]]:
    """A gateway that gives these answers, one after the other, and then 200."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(statuses.pop(0) if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            return

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", bodies
        finally:
            server.shutdown()
            thread.join()


def test_what_is_not_taken_is_sent_again() -> None:
    """As the platforms do: the identical body, until it is a success; then it is counted."""
    hooks = [Hook("shopify", "1", {"id": "1"}), *(Hook("instagram", str(n), {"id": str(n)}) for n in range(3))]
    with answering([503, 503]) as (url, bodies):
        sender = HookSender(url, SECRETS)
        for hook in hooks:
            sender.send(hook)
        sender.finish()
    assert sender.taken == {"shopify": 1, "instagram": 3}
    assert len(bodies) - len(set(bodies)) == 2


def test_a_refusal_ends_the_simulation() -> None:
    """A wrong secret is not sent again for ever."""
    with answering([401]) as (url, _):
        sender = HookSender(url, SECRETS)
        sender.send(Hook("shopify", "1", {"id": "1"}))
        with pytest.raises(PublishError, match="/v1/hooks/shopify/demo answers 401"):
            sender.finish()


def test_comments_share_requests_and_orders_do_not() -> None:
    """Meta sends many updates at once, Shopify an order a request."""
    hooks = [Hook("instagram", str(n), {}) for n in range(5)] + [Hook("shopify", "o", {}), Hook("shopify", "p", {})]
    assert [len(each) for each in portions(hooks, 3)] == [1, 1, 3, 2]
