"""What a poll knows better than the webhook: the text of a comment on TikTok."""

import json

import pytest

from gateway.polling.corrections import corrected
from gateway.polling.hooked import head_of
from streams.connectors.translation import MappedEvent
from tests.unit.streams.connectors.deliveries import PLACER, kept, mapped

(HOOKED,) = mapped(kept("tiktok_comment_update.json")).events
(POLLED,) = mapped(kept("tiktok_business_comment_list.poll.json")).events


def test_the_text_of_a_comment_comes_as_its_newest_version() -> None:
    """The webhook has counted it without one: the text is in force from a millisecond after it, as the same comment."""
    version = corrected(POLLED, head_of(POLLED.value), head_of(HOOKED.value), PLACER.definition("spring"))
    assert version is not None
    told, polled = json.loads(version.value), json.loads(POLLED.value)
    assert told == {
        **polled,
        "event_id": "comment:7247303576418566913@text",
        "occurred_at": 1_776_528_245_110,
    }
    assert (told["text"], told["comment_id"]) == ("pick me 🙏", "7247303576418566913")
    assert (version.topic, version.key) == (POLLED.topic, POLLED.key)


@pytest.mark.parametrize("text", ["", None])
def test_a_comment_without_words_has_one_version(text: str | None) -> None:
    """Nothing is known better."""
    fields = {**json.loads(POLLED.value), "text": text}
    event = MappedEvent(POLLED.topic, POLLED.key, json.dumps(fields).encode())
    assert corrected(event, head_of(POLLED.value), head_of(HOOKED.value), PLACER.definition("spring")) is None


def test_a_comment_that_no_webhook_has_brought_has_its_text_already() -> None:
    """The first that arrives counts."""
    assert corrected(POLLED, head_of(POLLED.value), None, PLACER.definition("spring")) is None
