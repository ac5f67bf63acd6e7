"""The list of places with data of people: nothing that the code knows is missing, and whoever walks it misses none."""

import inspect
import re
from types import SimpleNamespace
from typing import Any

from agents.broker.topic_admin import changelog_topic, topic_specs
from agents.erasure.campaign_purge import CampaignPurger
from agents.erasure.person_forgetting import PersonForgetter
from agents.erasure.person_search import PersonData
from agents.erasure.redis_keys import patterns_of, place_of
from agents.settings import Settings
from models.personal_data import CHANGELOG, PLACES
from models.read_model import AlertKeys, Keys
from streams.changelog.keys import (
    KINDS,
    alerts_key,
    campaign_of,
    fence_key,
    ids_key,
    late_key,
    log_key,
    order_key,
    read_key,
    row_key,
)
from streams.ledger.compaction import Ledger
from streams.ledger.subjects import Asked, Subject

BY_NAME = {place.name: place for place in PLACES}


def test_every_topic_of_ours_is_in_the_list_and_no_other() -> None:
    """A new topic cannot be made without saying what of people lies in it."""
    settings = Settings(group="g")
    known = {spec.name for spec in topic_specs(settings)} - {changelog_topic(settings)} | {CHANGELOG}
    assert {place.name for place in PLACES if place.kind == "topic"} == known
    assert CHANGELOG.format(group="g") == changelog_topic(settings)


def test_every_kind_of_state_is_known_to_belong_to_a_campaign_or_to_none() -> None:
    """A new kind of record in the changelog is purged with its campaign, or somebody has said here that it has none."""
    of_campaigns = {row_key(0, "c", "i"), order_key(0, "c", "p", "o"), alerts_key(0, "c"), alerts_key(0, "c", 1, 2)}
    of_nobody = {ids_key(0, "t", 1), log_key(0, "t"), fence_key(0), late_key(0)}
    assert {campaign_of(key) for key in of_campaigns} == {"c"}
    assert {campaign_of(key) for key in of_nobody} == {None}
    assert {read_key(0, key, None)[0] for key in of_campaigns | of_nobody} == KINDS


def key_names() -> set[str]:
    """Every key that the code can name, with braces around what varies."""
    found: set[str] = set()
    for keys in (Keys("pulse"), AlertKeys("pulse")):
        for name, member in inspect.getmembers(keys):
            if name.startswith("_") or name in ("prefix", "entity"):  # ``entity`` chooses among the others
                continue
            if not callable(member):
                found.add(str(member))
                continue
            parts = [each.removesuffix("_id") for each in inspect.signature(member).parameters]
            found.add(member(*(f"<{part}>" for part in parts)))
            if name == "giveaway":
                found.add(member("<campaign>", ""))
            if name == "minutes":
                found.add(member("<campaign>", None))
    return {re.sub(r"(?:<|%3C)(\w+)(?:>|%3E)", r"{\1}", name) for name in found}


def test_every_redis_key_of_ours_is_in_the_list_and_no_other() -> None:
    """A new key cannot be written without saying what of people lies in it."""
    assert {place.name for place in PLACES if place.kind == "redis"} == key_names()


def test_patterns_of_a_campaign_find_each_of_its_keys_and_none_of_its_namesakes() -> None:
    """A campaign whose id begins another one's, or looks like a pattern, is purged alone."""
    patterns = [re.escape(each).replace(r"\*", ".*") for each in patterns_of("pulse", "a*b:c")]

    def is_found(key: str) -> bool:
        return any(re.fullmatch(pattern, key) for pattern in patterns)

    own = [place.name for place in PLACES if place.kind == "redis" and "{campaign}" in place.name]
    kept = {"pulse:updates:{campaign}", "pulse:alerts:{campaign}"}  # channels: nothing lies there
    for name in own:
        made = re.sub(r"\{(?!campaign)\w+\}", "x", name)
        assert is_found(made.replace("{campaign}", "a%2Ab%3Ac")) == (name not in kept), name
        assert not is_found(made.replace("{campaign}", "a%2Ab%3Ac2")), name
        assert not is_found(made.replace("{campaign}", "aXb%3Ac")), name


def test_whatever_is_said_to_be_removed_has_somebody_who_removes_it() -> None:
    """What the table promises and the two walks are one: ``removed`` has its remover, and nothing else has."""
    purger: Any = CampaignPurger(Settings(), "c", 0, 0, lambda *_: None, lambda _: None)
    topics = {place.name for place in PLACES if place.kind == "topic"}
    assert set(purger.removers) == {name for name in topics if BY_NAME[name].purge == "removed"}
    assert {place.kind for place in PLACES if place.purge == "removed"} == {"topic", "redis"}
    nobody = PersonData(Subject(Asked("x"), frozenset(), frozenset()), Ledger({}, []), [], set())
    forgetter = PersonForgetter(Settings(), nobody, 0, "gone0", 0, words=False)
    assert set(forgetter.removers) == {place.name for place in PLACES if place.forget == "removed"}


def test_a_key_is_told_by_its_place() -> None:
    """What was removed is counted under the place of the table, whatever the prefix is."""
    assert place_of("mine:alerts:campaigns", "mine") == "pulse:alerts:campaigns"
    assert place_of("mine:review:a%3Ab:reasons", "mine") == "pulse:review:{campaign}:reasons"
    assert place_of("mine:influencer:c:", "mine") == "pulse:influencer:{campaign}:{influencer}"
    assert place_of("mine:leaderboard:c:1h:comments", "mine") == "pulse:leaderboard:{campaign}:{window}:{metric}"


def test_every_place_says_everything() -> None:
    """Records of processing need datum, purpose, time and readers; an empty cell would be an answer that is missing."""
    for place in PLACES:
        cells = SimpleNamespace(datum=place.datum, kept=place.kept, why=place.why, readers=place.readers)
        assert all(vars(cells).values()), place.name
    assert len(BY_NAME) == len(PLACES)
