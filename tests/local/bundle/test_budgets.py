"""The budgets of bundles, and the command line that reports on them."""

import os
import platform
import shutil
from pathlib import Path

import pytest

from functions.local.bundle import __main__ as command_line
from functions.local.bundle import python
from functions.local.bundle.recipe import BundleRefused, Limits, read_recipe
from functions.local.bundle.weight import table, weigh
from tests.local.bundle.bundles import REPOSITORY, THIS_PYTHON, write


def test_each_limit_makes_a_bundle_too_heavy(tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(os.urandom(2**20))
    (tmp_path / "zeros").write_bytes(bytes(2**20))
    fits, unzipped, zipped = weigh(
        [
            ("Fits", tmp_path, Limits(unzipped=2, zipped=1.1)),
            ("Unzipped", tmp_path, Limits(unzipped=1.9, zipped=1.1)),
            ("Zipped", tmp_path, Limits(unzipped=2, zipped=0.9)),
        ]
    )
    assert fits.unzipped == 2
    assert 1 < fits.zipped < 1.01
    assert [weight.too_heavy for weight in (fits, unzipped, zipped)] == [False, True, True]
    assert [line.endswith("OVER") for line in table([fits, unzipped, zipped]).splitlines()[1:]] == [
        False, True, True,
    ]  # fmt: skip


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of bundles of one small file each, and a template of only this function."""
    monkeypatch.setattr(command_line, "ROOT", tmp_path)
    write(
        tmp_path,
        {
            "template.yaml": (
                "Resources:\n  FakeFunction:\n    Type: AWS::Serverless::Function\n"
                "    Properties: { Handler: functions.fake.handler.handler }\n"
            ),
            "pyproject.toml": (
                "[tool.lifeboat.bundle]\n[tool.lifeboat.bundles.fake]\nunzipped = 0.5\nzipped = 0.5\n"
            ),
            "built/FakeFunction/handler.py": "handler = print\n",
        },
    )
    return tmp_path / "built"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return write(tmp_path / "repository", REPOSITORY)


def test_the_report_passes_what_is_within_budget(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["report", str(built)]) == 0
    assert "FakeFunction" in capsys.readouterr().out


def test_a_tool_that_does_not_end_is_said(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(python, "SECONDS", 0.001)
    python.find_python.cache_clear()
    assert command_line.main(["report", str(built)]) == 1
    assert "did not end within" in capsys.readouterr().err


def test_the_report_fails_over_budget(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (built / "FakeFunction" / "ballast").write_bytes(bytes(2**20))
    assert command_line.main(["report", str(built)]) == 1
    said = capsys.readouterr()
    assert "OVER" in said.out
    assert "over the budget in pyproject.toml" in said.err


def test_the_report_says_once_that_there_was_no_python_to_prove_with(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "find_python", lambda version: None)
    assert command_line.main(["report", str(built)]) == 0
    assert capsys.readouterr().out.count("No Python 3.13 was found here") == 1


def test_the_report_says_why_a_bundle_was_not_imported(
    built: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "find_python", lambda version: THIS_PYTHON)
    monkeypatch.setenv("ARCHITECTURE", "arm64" if platform.machine() == "x86_64" else "x86_64")
    assert command_line.main(["report", str(built)]) == 0
    assert "The bundles were not imported: it is for Linux" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["build", "OtherFunction", "x"], "template.yaml has no function OtherFunction, only FakeFunction"),
        (["report", "nowhere"], "holds no bundle; `make build` makes one"),
    ],
)
def test_the_command_line_says_what_is_wrong(
    built: Path, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command_line.main(arguments) == 1
    assert reason in capsys.readouterr().err


def test_the_command_line_builds(built: Path, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository, tmp_path, dirs_exist_ok=True)
    assert command_line.main(["build", "FakeFunction", str(tmp_path / "one")]) == 0
    assert (tmp_path / "one" / "functions" / "fake" / "handler.py").exists()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", r"has no \[tool.lifeboat.bundle\]"),
        ("[tool.lifeboat", "Expected"),
        ("[tool.lifeboat.bundle]\nomitt = []\n[tool.lifeboat.bundles]\n", "bundle.omitt"),
        ("[tool.lifeboat.bundle]\n[tool.lifeboat.bundles.fake]\nunzipped = 1\nzipped = 0\n", "fake.zipped"),
    ],
)
def test_a_wrong_recipe_is_refused(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(BundleRefused, match=reason):
        read_recipe(write(tmp_path, {"pyproject.toml": text}) / "pyproject.toml")
