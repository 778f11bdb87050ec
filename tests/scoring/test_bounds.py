"""Files that would fill a memory or never end: refused, with the reason, while little of them is held."""

import os
import resource
import zlib
from pathlib import Path

import pytest

from functions.core.storage.contract import Entry, Store
from functions.core.storage.folder import FolderStore
from tests.conftest import MODEL
from tests.scoring.jobs import LIMITS, handle, put_event
from tests.scoring.measured import measure_job

KEY = f"scoring/{MODEL}/in/large.csv"
# BOUNDS_BYTES=5000000000 for as much as the largest that people were seen to upload.
SIZE = int(os.environ.get("BOUNDS_BYTES", "300_000_000"))


class OneLine(FolderStore):
    """A folder in which one file is a line of `SIZE` letters; on no disk, and in no memory."""

    def head(self, key: str, version_id: str | None = None) -> Entry:
        found = super().head(key, version_id)
        if key != KEY:
            return found
        return Entry(key, SIZE, found.etag, found.modified)

    def get_range(self, key: str, start: int, end: int, *, etag: str) -> bytes:
        return b"x" * (end - start)


@pytest.fixture
def one_line(root: Path) -> Store:
    store = OneLine(str(root))
    store.put(KEY, b"x")
    return store


def test_a_file_of_one_line_is_refused_in_little_memory(one_line: Store) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    limits = LIMITS.__class__(beat=60, patience=0)
    [answer] = handle(one_line, put_event(one_line, KEY), limits=limits)
    assert answer["state"] == "failed"
    assert answer["reason"].startswith("line 1 has more than 1,000,000 characters")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000, "kB"


def test_a_bomb_is_refused_before_a_row_is_scored(whole_store: Store) -> None:
    packer = zlib.compressobj(9, wbits=31)
    body = packer.compress(b"pclass,sex\n")
    block = b"1,male\n" * 150_000
    body += b"".join(packer.compress(block) for _ in range(400)) + packer.flush()
    assert len(body) < 3_000_000
    key = f"{KEY}.gz"
    whole_store.put(key, body)
    [answer] = handle(whole_store, put_event(whole_store, key), limits=LIMITS.__class__(beat=60, patience=0))
    assert answer["state"] == "failed"
    assert "200 times as large" in answer["reason"]
    assert answer["rows"] == 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a process its peak")
def test_a_file_of_some_size_is_scored_in_300_mb(root: Path, whole_store: Store) -> None:
    """Numbers that hardly repeat, so that cells are remembered in vain; the result has several parts."""
    rows = int(os.environ.get("BOUNDS_ROWS", "250_000"))
    lines = ["pclass,sex,age,fare,note"]
    lines += [
        f"{1 + row % 3},male,{row % 80}.{row % 7},{row * 0.0001:.4f},the note of row number {row} and more"
        for row in range(rows)
    ]
    whole_store.put(KEY, "\n".join(lines).encode())
    peak = measure_job(root, put_event(whole_store, KEY))
    print(f"{rows:,} rows in {peak} MB")
    assert peak < 300
