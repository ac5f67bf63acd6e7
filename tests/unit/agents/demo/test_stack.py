"""What the demo starts, without starting it."""

import importlib.util
from pathlib import Path

import pytest

from agents.demo.stack import GATEWAY_MISSING, DemoStack, gateway_is_installed


def test_without_the_extra_the_demo_goes_on_without_a_gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation of `campaign-pulse[embedded]` alone shows the demo, and says what is missing."""
    assert gateway_is_installed()
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "uvicorn" else found(name))
    assert not gateway_is_installed()
    stack = DemoStack(tmp_path, {})
    assert stack.start_gateway() == GATEWAY_MISSING
    assert stack.delivered() is None
