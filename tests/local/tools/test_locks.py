"""The lock files: which there are, and that uv makes them without an address of where packages come from."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from functions.local.tools import locks
from functions.local.tools.locks import ANYWHERE, LAMBDA, LOCKS, Lock, compile_lock

ROOT = Path(__file__).parents[3]


def test_every_lock_that_the_repository_has_is_made_and_no_other() -> None:
    command = ["git", "ls-files", "*.txt"]
    listed = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    ).stdout.split()
    made = {path for path in listed if "#    make lock" in (ROOT / path).read_text()[:200]}
    assert made == {lock.path for lock in LOCKS}


def test_a_lock_is_made_after_the_one_that_it_is_held_to() -> None:
    made: list[str | None] = [None]
    for lock in LOCKS:
        assert lock.held_to in made
        made.append(lock.path)


def test_no_lock_names_an_address_that_packages_come_from() -> None:
    for lock in LOCKS:
        assert not re.search(r"^-|://", (ROOT / lock.path).read_text(), re.MULTILINE), lock.path


def _project(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "a"\nversion = "1"\nrequires-python = ">=3.11"\n'
        '[dependency-groups]\nnone = []\nbad = ["nothing-of-the-kind"]\n'
    )
    return folder


@pytest.mark.parametrize("target", [ANYWHERE, LAMBDA])
def test_a_lock_says_how_it_was_made_and_nothing_of_this_machine(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    target: tuple[str, ...],
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://user:secret@packages.invalid/all")
    monkeypatch.setenv("UV_CONSTRAINT", str(tmp_path / "not there"))
    compile_lock(Lock("none", "none.txt", target, None), [], root=_project(tmp_path))
    text = (tmp_path / "none.txt").read_text()
    assert "make lock" in text
    assert "invalid" not in text
    # Such as that a Python of the target could not be fetched: none is looked for.
    assert capfd.readouterr().err == ""


def test_a_lock_that_cannot_be_made_ends_it_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.txt").write_text("# as before\n")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    root = _project(tmp_path)
    monkeypatch.setattr(
        locks, "LOCKS", (Lock("bad", "bad.txt", ANYWHERE, None), Lock("none", "none.txt", ANYWHERE))
    )
    monkeypatch.setattr(locks, "compile_lock", lambda lock, options: compile_lock(lock, options, root=root))
    monkeypatch.setattr("sys.argv", ["locks"])
    assert locks.main() == 1
    assert "Failed: bad.txt stays as it is" in capfd.readouterr().err
    assert (tmp_path / "bad.txt").read_text() == "# as before\n"
    assert not (tmp_path / "none.txt").exists()


def test_a_lock_that_takes_for_ever_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = tmp_path / "uv"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    monkeypatch.setattr(locks, "SECONDS", 0.1)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setattr(sys, "argv", ["locks"])
    assert locks.main() == 1
    assert "took over 0.1 s; is the index there?" in capsys.readouterr().err
