"""What differs from a branch, asked of a real git."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.check.changes import CannotCompare, changed_files


def git(root: Path, *words: str) -> None:
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run([*command, *words], cwd=root, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch with a commit more than main has, and main with one that the branch does not have."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    git(tmp_path, "init")
    for name in ("same", "changed", "deleted", "uncommitted", "old name"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".gitignore").write_text("ignored\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "branch", "work")
    (tmp_path / "of main alone").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "on main")
    git(tmp_path, "checkout", "work")
    (tmp_path / "changed").write_text("2")
    git(tmp_path, "rm", "deleted")
    git(tmp_path, "mv", "old name", "new name")
    git(tmp_path, "commit", "-a", "-m", "on the branch")
    (tmp_path / "uncommitted").write_text("3")
    (tmp_path / "né w").write_text("4")
    (tmp_path / "ignored").write_text("5")
    return tmp_path


def test_what_was_committed_what_was_not_and_what_is_new_has_changed(root: Path) -> None:
    assert changed_files(root) == ["changed", "deleted", "new name", "né w", "old name", "uncommitted"]


def test_another_commit_may_be_named(root: Path) -> None:
    assert changed_files(root, "HEAD") == ["né w", "uncommitted"]


def test_a_clone_knows_main_as_that_of_where_it_came_from(root: Path, tmp_path: Path) -> None:
    clone = root / "clone"
    git(root, "clone", "--branch", "work", str(root), str(clone))
    assert changed_files(clone) == ["changed", "deleted", "new name", "old name"]


def test_a_name_that_git_does_not_know_is_refused_with_what_to_do(root: Path) -> None:
    with pytest.raises(CannotCompare, match="no common commit with banana: name another one"):
        changed_files(root, "banana")


def test_without_git_it_says_what_to_run_instead(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(root / "nothing"))
    with pytest.raises(CannotCompare, match="git is not installed"):
        changed_files(root)
