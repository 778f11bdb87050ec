"""Another checkout is staged by its own code, measured in turns with this one, and gone again, or it is said
why not."""

import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench import __main__ as command
from tests.bench.checkout import CannotRun, Checkout, other_checkout
from tests.bench.figures import Figures
from tests.bench.turns import compare, take_turns

# A checkout whose function only says what its environment and its event hold.
STAGE = """
import sys
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSIDE = ROOT / "tests" / "bench" / "inside"
EVENT = ROOT / "event.json"

class Stage:
    python = Path(sys.executable)
    model = ROOT / "model.onnx"

    def bundle(self, function):
        print(f"Building {function} ...")
        return ROOT / function

    def environment(self, function):
        return {"LIFEBOAT_STORE": "s3://theirs"}

@contextmanager
def staged():
    (ROOT / "store").touch()
    yield Stage()
    (ROOT / "store").unlink()
"""
COLD = """
import json, os, sys

print("a line of the log")
print(json.dumps({"store": os.environ["LIFEBOAT_STORE"], "arguments": sys.argv[1:]}))
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "tests" / "bench" / "inside"
    inside.mkdir(parents=True)
    (inside.parent / "stage.py").write_text(STAGE)
    (inside / "cold.py").write_text(textwrap.dedent(COLD))
    return tmp_path


def test_another_checkout_is_run_by_its_own_scripts_on_its_own_bundle_and_store(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with other_checkout(root) as other:
        assert (root / "store").exists()
        assert other.bundle == root / "PredictFunction"
        assert other.run("cold", other.event) == {
            "store": "s3://theirs",
            "arguments": [str(root / "event.json")],
        }
    assert not (root / "store").exists()
    assert "Building PredictFunction ..." in capsys.readouterr().out


def test_a_checkout_that_cannot_be_staged_is_no_subject(
    root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (root / "tests" / "bench" / "stage.py").write_text("raise SystemExit('there is no Python 3.13 here')")
    with pytest.raises(CannotRun, match="could not be staged"), other_checkout(root):
        pass
    assert "there is no Python 3.13 here" in capfd.readouterr().err


def test_a_folder_without_benchmarks_is_no_checkout(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="no checkout of Lifeboat with benchmarks"), other_checkout(tmp_path):
        pass


def test_checkouts_are_measured_in_turns_and_each_comes_first_as_often() -> None:
    here, there = (Checkout(*(path,) * 5, {}) for path in (Path("here"), Path("there")))
    order: list[str] = []

    def take(checkout: Checkout) -> int:
        order.append(str(checkout.bundle))
        return len(order)

    assert take_turns([here, there], take, 3) == [[1, 4, 5], [2, 3, 6]]
    assert order == ["here", "there", "there", "here", "here", "there"]


def test_ratios_are_those_of_turns_so_that_a_busy_minute_meets_both(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def figures_of(turns: Sequence[float]) -> Figures:
        figures = Figures("cold")
        figures.add("start", turns)
        figures.note("times the floor", turns[0])
        return figures

    # In the second turn, the machine was ten times slower.
    figures = compare([0.1, 1.0, 0.15], [0.2, 2.0, 0.2], figures_of, "A start, ms")
    assert figures.noted("here / there: start") == pytest.approx(0.5)
    title, _, start, note = capsys.readouterr().out.strip("\n").splitlines()
    assert title == "A start, ms"
    assert start.split() == ["start", "150.0", "200.0", "0.500", "0.500", "to", "0.750"]
    assert note.split() == ["times", "the", "floor", "0.10", "0.20"]


def test_what_takes_no_other_checkout_is_refused_before_anything_is_built(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["bench", "cold", "cost", "--against", str(tmp_path)])
    with pytest.raises(SystemExit, match="2"):
        command.main()
    said = capsys.readouterr().err
    assert "there is no benchmark cost beside another checkout, only cold, warm, batch" in said
