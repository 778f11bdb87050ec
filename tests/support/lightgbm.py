"""Whether LightGBM can be loaded: its wheel leaves OpenMP to the system, and a small Debian has none."""

import ctypes

import pytest

LIBRARY = "libgomp.so.1"


def _is_missing() -> bool:
    # Not by importing LightGBM: whoever collects tests would wait for it.
    try:
        ctypes.CDLL(LIBRARY)
    except OSError:
        return True
    return False


needs_lightgbm = pytest.mark.skipif(
    _is_missing(),
    reason=f"{LIBRARY}, which LightGBM needs, is not on this system (Debian: apt-get install libgomp1)",
)
