"""Records of the definitions topic: definitions, and the marks of purges that stand in their place."""

from datetime import UTC, datetime

import msgspec
import pytest

from agents.stages.definitions import UNREADABLE, decode_change, encode_definition
from models.campaigns import CampaignPurge
from tests.unit.events import campaign, influencer


def test_a_definition_and_the_mark_of_a_purge_are_told_apart() -> None:
    """Both stand under the campaign's id, and the newest counts."""
    definition = campaign(influencer("ana"))
    assert decode_change(encode_definition(definition)) == ("c", definition)
    mark = CampaignPurge(purged_campaign_id="c", purged_at=datetime(2026, 5, 1, tzinfo=UTC))
    assert decode_change(msgspec.json.encode(mark)) == ("c", mark)


@pytest.mark.parametrize("value", [b"{", b"[]", b'{"purged_campaign_id": 7}', b'{"campaign_id": "c"}', b"\xff"])
def test_what_is_neither_is_said_to_be_unreadable(value: bytes) -> None:
    """Whoever follows the topic skips it with a word, and goes on."""
    with pytest.raises(UNREADABLE):
        decode_change(value)
