"""The detector on labelled Twitter volumes, where the benchmark's files are at hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
SHARED = ROOT.parent / "shared"
SCORER, NAB = SHARED / "tools" / "nab_score.py", SHARED / "data" / "nab"


@pytest.mark.skipif(
    not SCORER.exists() or not NAB.exists(),
    reason=f"{NAB} or its scorer is not beside this checkout: they do not come with the project; CI has them",
)
def test_labelled_bursts_are_found_at_one_threshold_for_all_series(tmp_path):
    """Standard NAB score at least 84, event F1 at least 0.70, also at thresholds chosen without the series."""
    out = tmp_path / "nab.json"
    command = [sys.executable, str(SCORER), "--nab", str(NAB), "--only", "realTweets"]
    command += ["--detector", "bench.nab_adapter:detector", "--json", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    result = json.loads(out.read_text())["realTweets"]
    assert result["standard"]["score"] >= 84.0
    assert result["held_out_standard"] >= 80.0
    assert result["events"]["f1"] >= 0.70
