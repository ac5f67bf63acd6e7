"""``python -m tests.observability.preview``: every dashboard as it looks at eight moments of campaigns, as pictures.

Campaigns are played on the embedded stack with a real Prometheus that scrapes by the repository's own file
(``tests/observability/moments.py``). It takes half an hour, most of it waiting; on a busy machine it takes longer.

What Prometheus has seen stays in ``--out``: with ``--again`` the pictures are taken anew from there, after a change to
the dashboards. ``--resume`` goes on after a run that was cut short: it plays the moments that were not seen yet, each
play with a Prometheus of its own, and draws the pictures that are missing.
"""

import argparse
import json
import shutil
import sys
import urllib.request
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import yaml

from agents.clock import wait_until
from agents.embedded.processes import ChildProcess, free_port
from tests.browser.optimised import optimised
from tests.observability.courses import MOMENTS
from tests.observability.moments import Stage
from tests.observability.programs import ROOT
from tools import dashboard_preview

OUT: Final = ROOT / "build" / "dashboards"
PICTURE: Final = ROOT / "docs" / "pictures" / "wall.png"
_START_SECONDS: Final = 180.0


class Album:
    """The moments that were seen, each with the play that it was seen in, and their pictures.

    Args:
        out: ``moments.json``, a folder for each play, and ``pictures``.
        only: names of dashboards; all when empty.
        sizes: of the screen.
    """

    def __init__(self, out: Path, only: Sequence[str], sizes: Sequence[str]) -> None:
        self._out, self._only, self._sizes = out, only, sizes
        self._file = out / "moments.json"
        self._seen: list[dict[str, str]] = json.loads(self._file.read_text()) if self._file.exists() else []

    @property
    def seen(self) -> set[str]:
        """Names of the moments."""
        return {each["name"] for each in self._seen}

    def add(self, moment: dict[str, str], play: Path) -> None:
        """Remember a moment."""
        self._seen.append({**moment, "play": play.name})
        self._file.write_text(json.dumps(self._seen, indent=1))

    def next_play(self) -> Path:
        """Return a new folder for a play."""
        made = self._out / f"play-{1 + len(list(self._out.glob('play-*')))}"
        made.mkdir(parents=True)
        return made

    def draw(self, moments: Collection[str], *, play: str = "", prometheus_at: str = "", is_missing: bool) -> None:
        """Draw moments: of one play by the address of its Prometheus, or of all plays, with theirs started anew.

        Raises:
            RuntimeError: a picture failed, with what was said.
        """
        plays = [play] if play else sorted({each["play"] for each in self._seen})
        failures = []
        for name in plays:
            chosen = [each for each in self._seen if each["play"] == name and each["name"] in moments]
            if not chosen:
                continue
            path = self._out / name / "chosen.json"
            path.write_text(json.dumps(chosen))
            try:
                if prometheus_at:
                    self._shoot(prometheus_at, path, is_missing)
                else:
                    with prometheus(self._out / name) as address:
                        self._shoot(address, path, is_missing)
            except RuntimeError as error:
                failures.append(str(error))
        if failures:
            raise RuntimeError("\n".join(failures))

    def _shoot(self, address: str, moments: Path, is_missing: bool) -> None:
        dashboard_preview.shoot(
            address,
            self._out / "pictures",
            only=self._only,
            sizes=self._sizes,
            moments=moments,
            is_missing=is_missing,
            timeout_seconds=3 * 3600,
        )


@contextmanager
def prometheus(out: Path) -> Iterator[str]:
    """A Prometheus with the repository's rules and settings, whose targets are in ``out / "targets.json"``."""
    program = shutil.which("prometheus")
    if program is None:
        raise RuntimeError("prometheus is not installed: apt-get install prometheus")
    config = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    (job,) = (each for each in config["scrape_configs"] if each["job_name"] == "campaign-pulse")
    del job["dns_sd_configs"], config["alerting"]
    job["file_sd_configs"] = [{"files": [str(out / "targets.json")], "refresh_interval": "5s"}]
    config["scrape_configs"] = [job]
    config["rule_files"] = [str(ROOT / "prometheus" / "rules" / "*.yml")]
    (out / "targets.json").write_text("[]")
    (out / "prometheus.yml").write_text(yaml.safe_dump(config))
    port = free_port()
    process = ChildProcess(
        "prometheus",
        [
            *(program, f"--config.file={out}/prometheus.yml", f"--storage.tsdb.path={out}/prometheus"),
            *(f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"),
        ],
        log_path=out / "prometheus.log",
    )
    process.start()
    try:
        address = f"http://127.0.0.1:{port}"
        ready = wait_until(
            lambda: _answers(f"{address}/-/ready"),
            timeout_seconds=_START_SECONDS,
            give_up=lambda: not process.running,
        )
        if not ready:
            raise RuntimeError(f"prometheus does not start:\n{process.log_tail(20)}")
        yield address
    finally:
        process.stop()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _played(album: Album, wanted: Collection[str]) -> None:
    """Play the wanted moments; those before the last one are drawn while no worker runs, if they can be."""
    play = album.next_play()

    def draw_meanwhile() -> None:
        try:
            album.draw(wanted, play=play.name, prometheus_at=address, is_missing=True)
        except RuntimeError as error:
            print(f"drawn again at the end: {error}", file=sys.stderr)

    with prometheus(play) as address:
        Stage(play, address, wanted, lambda moment: album.add(moment, play), draw_meanwhile).play()


def main() -> int:
    """Play, unless it was played before, and take the pictures; return the exit code."""
    parser = argparse.ArgumentParser(description="Pictures of all dashboards at eight moments.")
    parser.add_argument("--out", type=Path, default=OUT, help="where pictures, report and Prometheus' data go")
    parser.add_argument("--again", action="store_true", help="take the pictures anew of what was played before")
    parser.add_argument("--resume", action="store_true", help="play moments not seen yet, draw what is missing")
    parser.add_argument("--picture", action="store_true", help="write the picture of the documents, too")
    parser.add_argument("--only", default="", help="names of dashboards, with commas")
    parser.add_argument("--moments", default=",".join(MOMENTS), help="names of moments, with commas")
    parser.add_argument("--size", default=",".join(dashboard_preview.SIZES), help="of the screen, with commas")
    given = parser.parse_args()
    wanted = [name for name in MOMENTS if name in given.moments.split(",")]
    if unknown := set(given.moments.split(",")) - set(MOMENTS):
        parser.error(f"--moments: {', '.join(sorted(unknown))}: no such moment; there are {', '.join(MOMENTS)}")
    problem = dashboard_preview.missing()
    if problem is not None:
        print(problem, file=sys.stderr)
        return 2
    out: Path = given.out.resolve()
    if not (given.again or given.resume):
        shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    album = Album(out, [name for name in given.only.split(",") if name], given.size.split(","))
    if not given.again and (unseen := [name for name in wanted if name not in album.seen]):
        _played(album, unseen)
    album.draw(wanted, is_missing=not given.again)
    if unseen := [name for name in wanted if name not in album.seen]:
        print(f"never seen: {', '.join(unseen)}", file=sys.stderr)
        return 1
    print(f"written: {out / 'pictures'}")
    if given.picture:
        optimised(out / "pictures" / "live-giveaway-wave-1920x1080.png", PICTURE, 1280)
    return 0


if __name__ == "__main__":
    sys.exit(main())
