"""A plugin of pytest: the tests' files are made in memory, where this machine keeps a file system there.

    python -m pytest -p tests.check.files_in_memory ...

A store has the disk sync whatever it writes, as it should: on a busy disk, each write of a test waits for it.
"""

import os
from pathlib import Path

import pytest

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes a folder of its own in it, for this user alone
# All that `make test` writes at once is a fraction of it.
MIN_BYTES = 2 << 30
_ROOT = "PYTEST_DEBUG_TEMPROOT"


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    # Whoever has named a place has named it.
    if _ROOT not in os.environ and serves_tests(MEMORY):
        os.environ[_ROOT] = str(MEMORY)


def pytest_report_header() -> str | None:
    return f"the tests' files: below {root}" if (root := os.environ.get(_ROOT)) else None


def serves_tests(folder: Path, min_bytes: int = MIN_BYTES) -> bool:
    """Whether `folder` is there, can be written, has room, and lets programs be run: in a container, it may
    not."""
    try:
        known = os.statvfs(folder)
    except OSError:
        return False
    runs_programs = not known.f_flag & getattr(os, "ST_NOEXEC", 0)
    has_room = known.f_bavail * known.f_frsize >= min_bytes
    return runs_programs and has_room and os.access(folder, os.W_OK)
