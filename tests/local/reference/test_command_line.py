"""Writing the pages of reference."""

from pathlib import Path

import pytest

from functions.local.reference import __main__ as command_line
from functions.local.reference.__main__ import main, write
from functions.local.reference.commands import NoHelp


def test_pages_take_the_place_of_those_there(tmp_path: Path) -> None:
    write({"old.md": "old"}, tmp_path / "reference")
    write({"new.md": "new"}, tmp_path / "reference")
    assert [path.name for path in (tmp_path / "reference").iterdir()] == ["new.md"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match=r"thesis\.tex, which is no page"):
        write({"new.md": "new"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_program_without_help_fails_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_help(_root: Path) -> dict[str, str]:
        raise NoHelp("python -m functions.fake does not answer to --help")

    monkeypatch.setattr(command_line, "pages", no_help)
    assert main([str(tmp_path / "reference")]) == 1
    assert "functions.fake does not answer" in capsys.readouterr().err
    assert not (tmp_path / "reference").exists()
