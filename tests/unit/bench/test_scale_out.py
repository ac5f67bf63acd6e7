"""The benchmark of groups of workers: its events count once each, and its table says what was measured."""

import msgspec

from bench.scale_out import Run, as_markdown, backlog, definitions


def test_groups_are_compared_with_what_one_worker_reaches() -> None:
    """By hand: two workers with 1.5 times the rate are at three quarters of linear; CPU time is by event."""
    runs = [Run(1, 100_000, 4.0, 1.0, 0.5, 0.1, 1.0), Run(2, 200_000, 16 / 3, 3.0, 1.0, 0.4, 0.6)]
    assert as_markdown(runs).splitlines()[2:] == [
        "| 1 | 100,000 | 25,000 | 100% | 10.00 | 1.00 | 5.00 | 100% (even: 100%) |",
        "| 2 | 200,000 | 37,500 | 75% | 15.00 | 2.00 | 5.00 | 60% (even: 50%) |",
    ]


def test_campaigns_share_nothing() -> None:
    """Every event has an id of its own, its influencer and its order are of its campaign alone: each counts once."""
    events, campaigns = backlog(4_000, 4), definitions(4, is_open=True)
    known = {each.campaign_id: {person.influencer_id for person in each.influencers} for each in campaigns}
    ids, listed = set(), 0
    for event in events:
        fields = msgspec.json.decode(event.value)
        number = fields["campaign_id"].removeprefix("spring-")
        ids.add((event.topic, fields["platform"], fields["event_id"]))
        listed += fields.get("influencer_id") in known[fields["campaign_id"]]
        for name in ("influencer_id", "order_id", "comment_id", "click_id"):
            assert not (value := fields.get(name)) or value.endswith(f"-{number}"), fields
        assert event.key.endswith(f"-{number}".encode())
    assert len(ids) == len(events) == 4_000
    assert listed > 2_000
    assert all(each.giveaway is not None for each in campaigns)
