"""The file of outgoing webhooks: what is read, and what is refused without showing anything of it."""

import re

import pytest

from streams.webhooks.rules import parse_webhook_secrets, parse_webhooks, problem_of_secrets

SECRET = "whsec_" + "QUFB" * 10
TWO = """
- name: ops
  url: https://ops.example/hooks
  campaigns: [spring]
  alerts: [opened, escalated, resolved]
  severity: critical
- name: chat
  url: https://chat.example/services/T/B/X
  format: slack
  milestones:
    first_order: true
    every_entries: 1000
    entries: [50]
    revenue: [{amount: "1000", currency: EUR}]
"""


def test_receivers_are_read_by_name() -> None:
    """Everything that a receiver may have; an empty setting has none."""
    found = parse_webhooks(TWO)
    assert list(found) == ["ops", "chat"]
    assert (found["ops"].hears_of("spring"), found["ops"].hears_of("autumn")) == (True, False)
    assert found["chat"].hears_of("autumn")
    assert found["chat"].milestones.revenue[0].amount == "1000"
    assert parse_webhooks(" \n") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hunter2", "expected a list"),
        ("- name: [hunter2", "line 1: no YAML"),
        ("- !!python/object/apply:os.system [hunter2]", "no YAML"),
        ("- {name: a, url: 'https://a.example/', alerts: [hunter2]}", "webhook 1: alerts[0]: is none"),
        ("- {name: a, url: 'https://a.example/', hunter2x: 1}", "webhook 1: there is no such field"),
        ("- {name: a, url: 'https://a.example/', alert: [opened]}", "there is no field 'alert'"),
        ("- {name: a, url: 'https://a.example/hunter2'}", "would be told nothing"),
        ("- {name: a, url: 'http://a.example/hunter2', alerts: [opened]}", "http is for"),
        ("- {name: a, url: 'ftp://a.example/hunter2', alerts: [opened]}", "is no https"),
        ("- {name: a, url: 'https://u:hunter2@a.example/', alerts: [opened]}", "has a user"),
        ("- {name: a, url: 'https://a.example/#hunter2', alerts: [opened]}", "has a fragment"),
        ("- {name: a, url: 'https://a.example:99999/', alerts: [opened]}", "is no address"),
        ("- {name: a, url: 'https://a.example/', milestones: {entries: [0]}}", ">= 1"),
        (
            "- {name: a, url: 'https://a.example/', milestones: {revenue: [{amount: '0.00', currency: EUR}]}}",
            "amount is 0",
        ),
        (
            "- {name: a, url: 'https://a.example/', milestones: {revenue: [{amount: '1', currency: XXY}]}}",
            "ISO 4217",
        ),
        (TWO + TWO, "'ops' is there twice"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_place_and_not_shown(text: str, said: str) -> None:
    """An address may be a secret, and so may whatever stands in a wrong place."""
    with pytest.raises(ValueError, match=re.escape(said)) as caught:
        parse_webhooks(text)
    assert "hunter2" not in str(caught.value)


def test_a_receiver_that_verifies_needs_a_secret_and_slack_needs_none() -> None:
    """A message without a signature would be taken from anybody."""
    found = parse_webhooks(TWO)
    assert "'ops'" in problem_of_secrets(found, {})
    assert problem_of_secrets(found, {"ops": (SECRET,)}) == ""


@pytest.mark.parametrize("secret", ["QUFB" * 10, "whsec_QUFB", "whsec_" + "QUFB" * 30, "whsec_hunter2!"])
def test_secrets_are_those_of_standard_webhooks(secret: str) -> None:
    """Prefix, base64, 24 to 64 bytes: others their libraries could not verify, or anybody could guess."""
    parse_webhook_secrets({"ops": (SECRET, SECRET)})
    with pytest.raises(ValueError, match="ops: secret 2: expected whsec_") as caught:
        parse_webhook_secrets({"ops": (SECRET, secret)})
    assert secret not in str(caught.value)
