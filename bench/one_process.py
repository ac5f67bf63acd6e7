"""A giveaway in one process: from an export of comments to a certificate with one command, as a user starts it."""

import csv
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

from bench.figures import Figure, Say, at_most
from bench.stack import Cores

NAME: Final = "one_process"
COMMENTS: Final = 50_000
_OPENS: Final = datetime(2026, 4, 18, 14, tzinfo=UTC)
_SECONDS: Final = 6 * 3600
_SAYS: Final = (
    "count me in",
    "love it 😍",
    "me please",
    "for my kitchen",
    "fingers crossed 🤞",
    "so pretty, I want it",
)
_DEFINITION: Final = """
campaign_id: bench
name: Bench
starts_at: "2026-04-18T14:00:00Z"
ends_at: "2026-04-18T20:00:00Z"
influencers:
  - {influencer_id: ana, handle: "@ana", platform: instagram}
giveaway:
  opens_at: "2026-04-18T14:00:00Z"
  closes_at: "2026-04-18T20:00:00Z"
  replies_count: false
  friends: 1
  excluded: ["@brand"]
  winners: 10
  suspicion: {exclude: 0.95}
"""


def run(where: Cores, events: int | None, say: Say) -> list[Figure]:
    """Measure the whole command over an export of ``events`` comments, 50,000 by default."""
    count = events or COMMENTS
    with tempfile.TemporaryDirectory(prefix="pulse-bench-") as name:
        directory = Path(name)
        say(f"an export of {count:,} comments")
        write_export(directory / "comments.csv", count)
        (directory / "bench.yaml").write_text(_DEFINITION)
        files = ("-d", directory / "bench.yaml", "-e", directory / "comments.csv", "--out", directory / "draw")
        options = ("--source", "dice", "--randomness", "4 2 6", "--substitutes", 10, "--yes")
        command = [sys.executable, "-m", "agents.cli", "giveaway", "run", *map(str, files), *map(str, options)]
        say("from comments to a certificate")
        before = os.times()
        began = perf_counter()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds, after = perf_counter() - began, os.times()
        if done.returncode or not (directory / "draw" / "certificate.html").exists():
            raise RuntimeError(done.stderr)
    cpu_seconds = after.children_user + after.children_system - before.children_user - before.children_system
    what = f"{count:,} rows of CSV, 10 winners, suspects looked for; the start of the process included"
    elapsed = Figure(benchmark=NAME, name="comments.csv to a certificate", value=seconds, unit="s", note=what)
    used = Figure(benchmark=NAME, name="the same, CPU time", value=cpu_seconds, unit="CPU s")
    return [at_most(elapsed, 30, "30 s"), used]


def write_export(path: Path, count: int) -> None:
    """Write comments of a third as many people, each of whom tags somebody, over six hours."""
    generator = Random(1)
    with path.open("w", newline="", encoding="utf-8") as stream:
        rows = csv.writer(stream)
        rows.writerow(("comment_id", "post_id", "username", "user_id", "created_at", "text"))
        for number in range(count):
            person = generator.randrange(count // 3 + 1)
            at = _OPENS + timedelta(seconds=generator.randrange(_SECONDS))
            text = f"{generator.choice(_SAYS)} @friend_{generator.randrange(count)}"
            comment_id = 17_900_000_000_000_000 + number
            rows.writerow((comment_id, "17999999999999999", f"user_{person}", person, at.isoformat(), text))
