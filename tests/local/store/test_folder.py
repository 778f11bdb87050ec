"""The folder of what stays: who uses it, what is in it, and whom it lets in."""

import json
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.storage.contract import Entry
from functions.local.process.state import State
from functions.local.store import folder as kept_folder
from functions.local.store.folder import FolderHeld, FolderUnusable, held, is_kept, last_used, size_of

ROOT = Path(__file__).parents[3]
# Takes the folder, and keeps it until it is killed.
HOLDER = """
import pathlib, sys
from functions.local.store.folder import held
with held(pathlib.Path(sys.argv[1])) as folder:
    folder.note_key("abcd1234")
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".lifeboat"


def another(path: Path) -> "subprocess.Popen[str]":
    """A process that holds the folder."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    return holder


def end(holder: "subprocess.Popen[str]") -> None:
    holder.kill()
    holder.wait(10)
    for pipe in (holder.stdin, holder.stdout):
        assert pipe
        pipe.close()


def test_nobody_else_may_read_what_is_kept(path: Path) -> None:
    with held(path) as folder:
        folder.credentials()
        folder.note_key("abcd1234")
        folder.deliveries.add(entry("datasets/a.csv", "1"))
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        for file in path.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_folder_that_others_could_read_is_closed_to_them(path: Path) -> None:
    with held(path):
        pass
    path.chmod(0o755)
    with held(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_credentials_are_made_once_and_nobody_can_guess_them(path: Path, tmp_path: Path) -> None:
    with held(path) as folder:
        first = folder.credentials()
    with held(path) as folder:
        assert folder.credentials() == first
    with held(tmp_path / "other") as folder:
        assert folder.credentials() != first
    assert len(first.secret_key) == 40


def test_damaged_credentials_are_said(path: Path) -> None:
    with held(path) as folder:
        (path / "credentials.json").write_text("{")
        with pytest.raises(FolderUnusable, match=r"credentials.json is damaged; delete it"):
            folder.credentials()


def test_a_second_runner_is_told_which_one_has_the_folder(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = another(path)
    try:
        with (
            pytest.raises(FolderHeld, match=rf"\(process|process {holder.pid}: stop it first, .*--forget"),
            held(path),
        ):
            pass
        runner = State("http://127.0.0.1:1", "s3://b", None, True, "titanic", holder.pid)
        monkeypatch.setattr(kept_folder, "find_runners", lambda: [runner])
        with pytest.raises(FolderHeld, match=rf"at http://127.0.0.1:1 \(process {holder.pid}\)"), held(path):
            pass
    finally:
        end(holder)


def test_the_folder_of_a_runner_that_was_killed_can_be_had_and_its_key_is_known(path: Path) -> None:
    holder = another(path)
    end(holder)
    with held(path) as folder:
        assert folder.before
        assert (folder.before.pid, folder.before.key_id) == (holder.pid, "abcd1234")
    with held(path) as folder:
        # That one let go of it in order.
        assert folder.before is None


def test_a_store_that_outlives_its_runner_for_a_moment_is_waited_for(path: Path) -> None:
    with held(path) as folder:
        # As the store has it: a copy of the descriptor, in a process of its own.
        store = subprocess.Popen(["sleep", "0.5"], pass_fds=(folder.descriptor,))
        gone = subprocess.Popen(["true"])
        gone.wait(10)
    (path / "holder.json").write_text(json.dumps({"pid": gone.pid, "key_id": None}))
    with pytest.raises(FolderHeld), held(path, wait=0):
        pass
    with held(path):
        assert store.wait(10) == 0


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(FolderUnusable, match="holds something else"), held(tmp_path):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_folder_that_cannot_be_made_is_said_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(FolderUnusable, match=r"Not a directory\): name another \(--folder\)"),
        held(tmp_path / "file" / "kept"),
    ):
        pass


def test_a_cleared_folder_is_gone_with_all_that_was_in_it(path: Path) -> None:
    with held(path) as folder:
        folder.data.mkdir()
        (folder.data / "object").write_bytes(b"x" * 1000)
        outside = path.parent / "outside"
        outside.mkdir()
        (path / "link").symlink_to(outside)
        assert size_of(path) >= 1000
        folder.clear()
        assert not path.exists()
        assert outside.exists()
    assert not is_kept(path)


def test_when_a_folder_was_last_used(path: Path) -> None:
    with held(path):
        pass
    os.utime(path / "holder.json", (0, 86_400))
    assert last_used(path) == datetime(1970, 1, 2, tzinfo=UTC)
    (path / "holder.json").unlink()
    assert last_used(path).year > 2000


def entry(key: str, version: str | None) -> Entry:
    return Entry(key, 1, '"e"', datetime.now(UTC), version)


def test_deliveries_are_known_to_the_next_runner_by_version(path: Path) -> None:
    with held(path) as folder:
        deliveries = folder.deliveries
        assert not deliveries.has(entry("datasets/a.csv", "1"))
        deliveries.add(entry("datasets/a.csv", "1"))
    with held(path) as folder:
        assert folder.deliveries.has(entry("datasets/a.csv", "1"))
        # Written again, perhaps with the same bytes: not delivered.
        assert not folder.deliveries.has(entry("datasets/a.csv", "2"))
        (path / "deliveries.json").write_text("{")
        assert not folder.deliveries.has(entry("datasets/a.csv", "1"))
