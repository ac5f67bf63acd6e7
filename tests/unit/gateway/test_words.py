"""The words behind the mood: from comments to the API, the stream and the first paint."""

import asyncio
import json

from agents.connection.kafka import KafkaConnection
from gateway.words.feed import WordFeed
from models.times import MINUTE_MS
from streams.sentiment.mood_words import WordCount
from tests.unit.gateway.numbers_in_memory import NOW_MS, ReadingGateway
from tests.unit.gateway.test_streams import WHOLE, names

SPRING = "/v1/campaigns/spring"


def comment(person: int, text: str, campaign: str = "spring", ago_ms: int = MINUTE_MS) -> bytes:
    """A comment as it stands in the topic."""
    return json.dumps(
        {
            "type": "comment.created",
            "event_id": f"e{person}{text}",
            "campaign_id": campaign,
            "influencer_id": "ana",
            "platform": "instagram",
            "occurred_at": NOW_MS - ago_ms,
            "post_id": "p",
            "comment_id": f"c{person}{text}",
            "author_id": f"person-{person}",
            "text": text,
        }
    ).encode()


def fed(gateway: ReadingGateway) -> None:
    """Have a gateway read comments: six people who love it, seven of whom the last says it in another campaign."""
    feed = WordFeed(
        KafkaConnection(address="127.0.0.1:1"), lambda: NOW_MS, lambda: gateway.state.definitions, lambda: True
    )
    values = [comment(person, "I love this so much, Zebedee") for person in range(6)]
    values += [comment(9, "I love this so much", "autumn"), comment(9, "I love it", "unknown"), b"{", b"", None]
    values += [comment(person, "terrible, just terrible") for person in range(4)]
    feed.take(values)
    feed.take(values[:3])
    assert gateway.state.numbers is not None
    gateway.state.numbers.views.told_words = feed.told


def test_words_of_several_people_are_told_and_no_other() -> None:
    """Six said it, four are too few, a name is none; what is read twice is said once."""
    gateway = ReadingGateway(gateway_words="false")
    assert gateway.read(f"{SPRING}/words").json == {"campaign_id": "spring", "positive": [], "negative": []}
    fed(gateway)
    told = gateway.read(f"{SPRING}/words").json
    assert told == {"campaign_id": "spring", "positive": [{"word": "love", "people": 6}], "negative": []}
    assert gateway.read("/v1/campaigns/autumn/words", "admin").json["positive"] == []
    assert gateway.read(f"{SPRING}/words", "ana").status == 403


def test_words_stand_in_the_page_and_in_the_stream() -> None:
    """The campaign's; a creator's page has none, for they are of the whole campaign."""
    gateway = ReadingGateway()
    fed(gateway)
    page = gateway.read("/live/spring?lang=en").body.decode()
    assert '<span class="word"><bdi>love</bdi> <small>6</small></span>' in page
    assert "terrible" not in page
    assert 'id="words"' not in gateway.read("/live/spring/ana", "ana").body.decode()

    async def first() -> bytes:
        assert gateway.state.numbers is not None
        _, reader = await gateway.state.numbers.hub.subscribe(WHOLE, "")
        return await reader.wait()

    assert names(asyncio.run(first())) == ["campaign", "board", "words", "giveaway", "alerts", "minutes", "pulse"]
    assert WordCount("love", 6) in gateway.state.numbers.views.words("spring").positive  # type: ignore[union-attr]
