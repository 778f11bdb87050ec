"""A worker that Dask started uses memory again that it has freed."""

import ctypes
import os
import platform
import subprocess
import sys

import pytest

from tests.support.declared import ROOT
from training.cluster.allocation import keep_freed_memory

PAGES = """
import resource
from training.cluster.allocation import keep_freed_memory

def new_pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(100):
        b"x" * (1 << 20)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

as_dask_has_it = new_pages()
keep_freed_memory()
new_pages()
print(as_dask_has_it, new_pages())
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_arrays_are_no_new_pages_each_time_though_dask_has_set_the_threshold() -> None:
    said = subprocess.run(
        [sys.executable, "-c", PAGES],
        env=os.environ | {"MALLOC_TRIM_THRESHOLD_": "65536"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    before, after = map(int, said.stdout.split())
    assert before > 100 * 200
    assert after < before / 50


def test_without_the_option_of_glibc_nothing_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(_name: str | None) -> object:
        return object()

    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "65536")
    monkeypatch.setattr(ctypes, "CDLL", lacks)
    keep_freed_memory.cache_clear()
    keep_freed_memory()
    keep_freed_memory.cache_clear()
