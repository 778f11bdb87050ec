"""How a worker's process frees memory."""

import ctypes
import os
from functools import lru_cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
# As far as glibc would raise them by itself, on 64 bits.
_MMAP_BYTES, _TRIM_BYTES = 32 << 20, 64 << 20


@lru_cache(maxsize=1)
def keep_freed_memory() -> None:
    """Let this process use memory again that it has freed, as glibc does unless it is told otherwise.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_, which keeps glibc from raising its thresholds to what
    is really asked for: every array of more than 128 KiB is then new pages of the kernel's, and scoring takes
    half as much of the processor again. No more than some 100 MiB of freed memory are kept for it. Elsewhere
    than with glibc, nothing is done.
    """
    if "MALLOC_TRIM_THRESHOLD_" not in os.environ:
        return
    try:
        set_option = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    set_option(_MMAP_THRESHOLD, _MMAP_BYTES)
    set_option(_TRIM_THRESHOLD, _TRIM_BYTES)
