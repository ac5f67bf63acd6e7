"""The receivers that alertmanager.yml holds ready: off as shipped, and valid as soon as somebody takes the `#` away."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.observability.programs import ROOT, program, run
from tests.observability.shipped_receivers import CONFIG, KINDS, SECRETS, switched_on

SECRETS_DIRECTORY = ROOT / "alertmanager" / "secrets"


def _receivers(text: str) -> dict[str, dict[str, Any]]:
    return {each.pop("name"): each for each in yaml.safe_load(text)["receivers"]}


def test_nobody_is_told_as_shipped() -> None:
    """Four receivers without an address: nothing leaves before somebody says where to."""
    assert _receivers(CONFIG.read_text()) == {
        "campaign-team": {},
        "campaign-urgent": {},
        "operators": {},
        "operators-urgent": {},
    }


@pytest.mark.parametrize("kinds", [*([kind] for kind in KINDS), list(KINDS)], ids="-".join)
def test_alertmanager_accepts_each_kind_switched_on(kinds: list[str], tmp_path: Path) -> None:
    """Each kind alone, and all together, is a valid configuration in which every receiver has it."""
    path = tmp_path / "alertmanager.yml"
    path.write_text(switched_on(kinds).replace("templates/*.tmpl", f"{CONFIG.parent}/templates/*.tmpl"))
    assert "4 receivers" in run([program("amtool"), "check-config", str(path)])
    for receiver in _receivers(path.read_text()).values():
        assert set(receiver) == {KINDS[kind] for kind in kinds}
        assert all(entry["send_resolved"] for entries in receiver.values() for entry in entries)


def test_secrets_are_files_that_are_never_committed() -> None:
    """No receiver has a secret in the configuration; each file has its line in the README, and git keeps out of it."""
    named = set(re.findall(re.escape(SECRETS) + r"(\w+)", CONFIG.read_text()))
    listed = re.findall(r"^\| `(\w+)` \|", (SECRETS_DIRECTORY / "README.md").read_text(), re.MULTILINE)
    assert named == set(listed)
    assert not re.search(r"(api_url|webhook_url|bot_token|auth_password| url): ", switched_on(KINDS))
    assert {"*", "!.gitignore", "!README.md"} <= set((SECRETS_DIRECTORY / ".gitignore").read_text().splitlines())


def test_compose_gives_alertmanager_its_secrets() -> None:
    """The directory is mounted where the configuration looks for it, and cannot be written to."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    assert f"./alertmanager/secrets:{SECRETS.rstrip('/')}:ro" in services["alertmanager"]["volumes"]
