"""Where the tests' files are made: in memory if that will do, and where a caller says in any case."""

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.check import files_in_memory
from tests.check.files_in_memory import pytest_configure, pytest_report_header, serves_tests

ROOT = "PYTEST_DEBUG_TEMPROOT"


def test_a_folder_with_room_serves(tmp_path: Path) -> None:
    assert serves_tests(tmp_path, 1)
    assert not serves_tests(tmp_path, 1 << 60)


def test_where_there_is_no_such_folder_none_serves(tmp_path: Path) -> None:
    assert not serves_tests(tmp_path / "nowhere", 1)


def test_where_programs_do_not_run_none_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As Docker mounts it.
    mounted = SimpleNamespace(f_flag=8, f_bavail=1 << 30, f_frsize=4096)
    monkeypatch.setattr(os, "ST_NOEXEC", 8, raising=False)
    monkeypatch.setattr(os, "statvfs", lambda _: mounted)
    assert not serves_tests(tmp_path, 1)


def test_the_files_go_there_and_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_in_memory, "MEMORY", tmp_path)
    monkeypatch.setattr(files_in_memory, "serves_tests", lambda _: True)
    # Noted first, so that it is put back.
    monkeypatch.setenv(ROOT, "")
    monkeypatch.delenv(ROOT)
    pytest_configure()
    assert os.environ[ROOT] == str(tmp_path)
    assert pytest_report_header() == f"the tests' files: below {tmp_path}"


def test_who_has_named_a_place_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOT, "/another")
    pytest_configure()
    assert os.environ[ROOT] == "/another"


def test_where_nothing_serves_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_in_memory, "serves_tests", lambda _: False)
    monkeypatch.delenv(ROOT, raising=False)
    pytest_configure()
    assert ROOT not in os.environ
    assert pytest_report_header() is None
