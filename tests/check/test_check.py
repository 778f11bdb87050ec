"""`make check`: what it says, how it ends, and that tests stop being begun in time."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.check import __main__ as check
from tests.check.__main__ import Step, lint_steps, run_steps, step_of_tests
from tests.check.choosing import Choice

ROOT = Path(__file__).parents[2]
TESTS = """
import pytest

@pytest.fixture(scope="module")
def shared():
    yield
    print("cleaned up")

@pytest.mark.parametrize("number", range(100))
def test_quick(number, shared):
    pass
"""


def step(name: str, code: str, passes: tuple[int, ...] = (0,)) -> Step:
    return Step(name, (sys.executable, "-c", code), passes)


def steps_instead_of_running(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Where the steps go that would be run, as long as the test lasts."""
    noted: list[Step] = []

    def note(steps: Sequence[Step], root: Path) -> int:
        noted.extend(steps)
        return 0

    monkeypatch.setattr(check, "run_steps", note)
    return noted


def test_each_step_says_how_it_ended_and_one_that_fails_fails_the_whole(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = [step("good", "print('all is well')"), step("bad", "import sys; print('a fault'); sys.exit(3)")]
    assert run_steps(steps, ROOT) == 1
    said = capsys.readouterr()
    assert "== good: passed, " in said.out
    assert "== bad: FAILED, " in said.out
    assert "a fault" in said.out
    assert "Failed: bad" in said.err


def test_all_that_pass_pass(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_steps([step("empty", "import sys; sys.exit(5)", (0, 5))], ROOT) == 0
    assert capsys.readouterr().err == ""


def test_the_files_and_their_reasons_are_said_and_the_template_is_checked_where_it_changed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = steps_instead_of_running(monkeypatch)
    monkeypatch.setattr(
        check, "changed_files", lambda root, against: ["template.yaml", "tests/sam/test_a.py"]
    )
    monkeypatch.setattr(
        check, "choose_tests", lambda changed, root: [Choice("tests/a.py", "names template.yaml")]
    )
    assert check.main([]) == 0
    said = capsys.readouterr().out
    assert "2 files differ from main; tests of 1 files:\n  tests/a.py  names template.yaml\n" in said
    assert "not here: tests/sam/test_a.py, which is run by `make test-sam`" in said
    assert [step.name for step in run] == ["tests", "ruff", "format", "mypy", "cfn-lint", "import rules"]


def test_without_a_branch_to_compare_with_nothing_is_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check.main(["--against", "banana"], root=tmp_path) == 2
    assert "--against HEAD~1" in capsys.readouterr().err


def test_lint_is_all_of_it_and_no_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    run = steps_instead_of_running(monkeypatch)
    assert check.main(["--lint"]) == 0
    assert run == lint_steps(template=True)


def test_no_test_is_begun_once_the_time_is_over_and_those_left_out_are_counted(tmp_path: Path) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_quick.py").write_text(TESTS)
    words = step_of_tests([Choice(str(tmp_path / "test_quick.py"), "")], 0).command
    command = [*words, "-c", str(tmp_path / "pytest.ini"), "-s"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOT RUN, because 0 seconds were over: 99 tests" in done.stdout
    assert "`make test` runs all" in done.stdout
    assert "of test_quick.py" in done.stdout
    # What the tests that were run share is ended as ever.
    assert "cleaned up" in done.stdout
