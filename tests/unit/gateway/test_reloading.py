"""Secrets that change in their files are taken without a restart, and what cannot be used is not."""

import asyncio
import logging
from collections.abc import Iterator

import pytest

from agents.settings import SettingError, Settings
from gateway.reloading import follow_settings


def test_what_can_be_read_is_taken_and_what_cannot_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """Twice the same error, one line; behind a good reading the same error is news again."""
    good = Settings(gateway_keys="shop=1")
    told: Iterator[Settings | SettingError] = iter(
        [SettingError("bad"), SettingError("bad"), good, SettingError("bad")]
    )
    taken: list[Settings] = []

    def reread() -> Settings:
        # Behind the last one the loop ends by an error that it does not catch.
        found = next(told, None)
        if isinstance(found, Settings):
            return found
        raise found or RuntimeError("the end")

    with caplog.at_level(logging.WARNING, "campaign_pulse"), pytest.raises(RuntimeError, match="the end"):
        asyncio.run(follow_settings(reread, taken.append, "gateway", seconds=0))
    assert taken == [good]
    assert [record.getMessage() for record in caplog.records] == ["gateway: the earlier secrets stay: bad"] * 2
