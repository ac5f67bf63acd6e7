"""What tests of the deployment files share."""

import shutil
from pathlib import Path

import pytest

from tests.observability.programs import ROOT, run


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The directory that the script makes in a copy of the repository."""
    for name in ("examples", "k8s"):
        (tmp_path / name).mkdir()
        for path in [*(ROOT / name).glob("*.sh"), *(ROOT / name).glob("*.acl")]:
            shutil.copy(path, tmp_path / name)
    run(["sh", str(tmp_path / "examples" / "make-secrets.sh")])
    return tmp_path / "secrets"
