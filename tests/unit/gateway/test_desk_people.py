"""Who is asked about people's comments: a process of its own, whatever becomes of it, on either loop."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop

from agents.settings import Settings
from gateway.desk.people import People
from gateway.problems import Refused
from streams.events.definitions import parse_definitions
from tests.unit.gateway.numbers_in_memory import DEFINITION

SPRING, AUTUMN = parse_definitions(DEFINITION)
ANSWER = """
import json, sys
asked = json.loads(sys.stdin.readline())
answer = dict(campaign_id=asked["definition"]["campaign_id"], platform=asked["platform"], author_id=asked["name"],
              handle="", verdict="takes part", chances=1, bonus_chances=0, comments=[], draw=[])
print(json.dumps({"answer": answer}))
"""
REFUSE = """
import json
print(json.dumps({"status": 400, "reason": "several", "detail": "2 people have had this handle"}))
"""


def ask(program: str, run: Callable[[Coroutine[Any, Any, Any]], Any] = asyncio.run) -> Any:
    """What the gateway learns from this program."""
    people = People(Settings(), (sys.executable, "-c", program))
    return run(people.ask(SPRING, "id-mia", "tiktok"))


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_a_question_goes_to_a_process_and_its_answer_comes_back(run: Callable[..., Any]) -> None:
    """With definition, name and platform; uvicorn runs on uvloop."""
    found = ask(ANSWER, run)
    assert (found.campaign_id, found.platform, found.author_id) == ("spring", "tiktok", "id-mia")


@pytest.mark.parametrize(
    ("program", "status", "reason"),
    [(REFUSE, 400, "several"), ("raise SystemExit(3)", 503, "no_answer"), ("print('{')", 503, "no_answer")],
)
def test_what_is_no_answer_is_a_refusal(program: str, status: int, reason: str) -> None:
    """In words, with the status that the process says; when it died, later."""
    with pytest.raises(Refused) as refused:
        ask(program)
    assert (refused.value.status, refused.value.reason) == (status, reason)


def test_a_campaign_without_a_giveaway_has_no_list_of_comments() -> None:
    """Nothing is started for it."""
    people = People(Settings(), ("/does/not/exist",))
    for definition in (AUTUMN, None):
        with pytest.raises(Refused, match="no giveaway"):
            asyncio.run(people.ask(definition, "x", None))
