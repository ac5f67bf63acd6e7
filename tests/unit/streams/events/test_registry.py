"""The definitions in force: how one registry follows another."""

from models.events import ConversionEvent
from streams.events.attribution import UNATTRIBUTED
from streams.events.registry import Registry
from tests.unit.events import campaign, event_of, influencer


def test_registry_changes_by_making_a_new_one() -> None:
    """A reader that holds a registry sees no half change; a definition replaces its campaign's former one whole."""
    first = Registry([campaign(influencer("ana", discount_codes=("ANA10",)))])
    event = event_of("click", influencer_id=None, discount_code="ANA10")
    assert isinstance(event, ConversionEvent)
    changed = first.with_definition(campaign(influencer("dora", discount_codes=("ana10",))))
    other = changed.with_definition(campaign(influencer("eve"), campaign_id="d"))
    assert [registry.attribute(event) for registry in (first, changed, other)] == ["ana", "dora", "dora"]
    assert (other.without("c").attribute(event), set(other.campaigns)) == (UNATTRIBUTED, {"c", "d"})
    assert other.influencer("d", "eve") is not None
    assert (other.influencer("d", "ana"), other.influencer("nowhere", "eve")) == (None, None)


def test_a_purged_campaign_stays_purged_until_it_is_defined_again() -> None:
    """A tombstone says nothing new of it; a definition takes the purge back; other campaigns are not concerned."""
    purged = Registry([campaign(influencer("ana")), campaign(influencer("eve"), campaign_id="d")]).with_purged("c")
    assert (set(purged.campaigns), purged.purged) == ({"d"}, {"c"})
    assert purged.without("d").purged == {"c"}
    assert purged.with_definition(campaign(influencer("ana"))).purged == frozenset()
