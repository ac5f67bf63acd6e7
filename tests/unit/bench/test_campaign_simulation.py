"""The made-up campaigns on which the alerts are judged."""

import numpy as np

from bench.campaign_simulation import RULE_OF, Incident, make_campaign
from bench.spikes_simulation import Opened, Outcome, samples


def test_a_campaign_is_the_same_every_time():
    """Seeded by its number."""
    one, other = make_campaign(3), make_campaign(3)
    assert one.incidents == other.incidents
    assert all(np.array_equal(one.counts[name], other.counts[name]) for name in one.counts)


def test_counts_are_consistent():
    """Sentiments add up to comments, and nobody uses more codes than there are."""
    counts = make_campaign(4).counts
    assert np.array_equal(counts["comments"], counts["positive"] + counts["neutral"] + counts["negative"])
    assert np.all(counts["code_uses_without_click"] <= counts["code_uses"])
    assert np.all(counts["code_uses"] <= counts["purchases"])


def test_the_campaign_sample_adds_up_its_influencers():
    """The last sample of each minute is the campaign's own."""
    campaign = make_campaign(5)
    first = []
    for minute, _, sample in samples(campaign):
        if minute > 0:
            break
        first.append(sample)
    assert first[-1].influencer_id is None
    assert first[-1].engagements == sum(sample.engagements for sample in first[:-1])


def test_matching_counts_finds_delays_and_false_alerts():
    """One incident found in its second minute, one explained alert, two false ones."""
    campaign = make_campaign(6)
    campaign.incidents = [Incident("viral post", 1, 200, 240)]
    outcome = Outcome()
    opened = [
        Opened("engagement_spike", 1, 201),  # found: closes at 202, two minutes after the onset
        Opened("entries_spike", 1, 210),  # explained: a viral post brings entries
        Opened("engagement_spike", 2, 205),  # another influencer: false
        Opened("engagement_spike", 1, 256),  # sixteen minutes after the end: false
    ]
    outcome.add(campaign, opened)
    assert outcome.delays["viral post"] == [2]
    assert outcome.false == {"engagement_spike": 2}
    assert set(outcome.delays) == set(RULE_OF)
