"""Programs of wheels: the installed file is run, and no other; a changed one is refused before it runs."""

import base64
import hashlib
import sys
from pathlib import Path

import pytest

from agents.embedded.servers import EmbeddedBroker, EmbeddedError, EmbeddedRedis, EmbeddedServer
from agents.embedded.wheel_programs import MissingWheelError, ProgramError, program_of

PROGRAM = b"#!/bin/sh\necho hello\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of a wheel that is installed as pip does it."""
    site = tmp_path / "site-packages"
    path = site / "tool" / "bin" / "any-platform" / "server"
    path.parent.mkdir(parents=True)
    path.write_bytes(PROGRAM)
    path.chmod(0o755)
    information = site / "tool_wheel-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: tool-wheel\nVersion: 1.0\n")
    digest = base64.urlsafe_b64encode(hashlib.sha256(PROGRAM).digest()).rstrip(b"=").decode()
    (information / "RECORD").write_text(
        f"tool/bin/any-platform/server,sha256={digest},{len(PROGRAM)}\ntool/unhashed,,\ntool/a/x,,\ntool/b/x,,\n"
    )
    monkeypatch.syspath_prepend(str(site))
    return path


def test_the_program_is_run_from_where_it_was_installed(installed: Path) -> None:
    """Nothing is copied to where somebody else could change it."""
    assert program_of("tool-wheel", "tool/bin/*/server") == installed


@pytest.mark.parametrize("changed", [b"", PROGRAM[:-1], PROGRAM + b"#", b"#!/bin/sh\necho hallo\n"])
def test_a_changed_program_is_refused(installed: Path, changed: bytes) -> None:
    """Cut, longer or with one letter changed: it does not run, and the message says which file and what to do."""
    installed.write_bytes(changed)
    with pytest.raises(ProgramError, match=r"server is not the program that tool-wheel came with .* install it anew"):
        program_of("tool-wheel", "tool/bin/*/server")


def test_what_cannot_be_checked_or_run_is_refused(installed: Path) -> None:
    """No hash in the record, two candidates, none, a lost file, a file that is not executable: each by its reason."""
    for pattern, reason in (("tool/unhashed", "no SHA-256"), ("tool/*/x", "has 2 programs"), ("nothing", "has 0 prog")):
        with pytest.raises(ProgramError, match=reason):
            program_of("tool-wheel", pattern)
    installed.chmod(0o644)
    with pytest.raises(ProgramError, match=r"chmod \+x "):
        program_of("tool-wheel", "tool/bin/*/server")
    installed.unlink()
    with pytest.raises(ProgramError, match="cannot be read: No such file"):
        program_of("tool-wheel", "tool/bin/*/server")
    with pytest.raises(MissingWheelError, match="no-such-wheel"):
        program_of("no-such-wheel", "tool/bin/*/server")


@pytest.mark.parametrize("server", [EmbeddedBroker, EmbeddedRedis])
def test_neither_home_nor_environment_nor_path_brings_another_program(
    server: type[EmbeddedServer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheels' own finders would run each of these unchecked."""
    for place in (
        tmp_path / ".calfkit" / "bin" / "tansu-v0.6.0-510f3e2",
        tmp_path / "tansu",
        tmp_path / "valkey-server",
    ):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("#!/bin/sh\n")
        place.chmod(0o755)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CALF_TANSU_BIN", str(tmp_path / "tansu"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert Path(program_of(server.wheel, server.program)).is_relative_to(sys.prefix)


@pytest.mark.parametrize("server", [EmbeddedBroker, EmbeddedRedis])
def test_a_missing_wheel_names_the_extra_and_a_changed_program_the_file(
    server: type[EmbeddedServer], installed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both before anything is started, as the error that users get to see."""
    monkeypatch.setattr(server, "wheel", "no-such-wheel")
    with pytest.raises(EmbeddedError, match=r"needs the wheel no-such-wheel: pip install 'campaign-pulse\[embedded\]'"):
        server().start()
    monkeypatch.setattr(server, "wheel", "tool-wheel")
    monkeypatch.setattr(server, "program", "tool/bin/*/server")
    installed.write_text("changed")
    with pytest.raises(EmbeddedError, match=f"the embedded {server.name} cannot be started: .*{installed.name} is not"):
        server().start()
