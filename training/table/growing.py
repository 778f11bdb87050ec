"""Arrays that grow by chunks, in little more memory than they have in the end."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

# Chunks that are put together as soon as there are so many: small ones would leave holes in memory.
_TOGETHER = 100


class Growing:
    """Parts of an array, one after the other along the first axis."""

    def __init__(self, dtype: npt.DTypeLike) -> None:
        self._dtype = np.dtype(dtype)
        self._parts: list[npt.NDArray[Any]] = []
        self._recent: list[npt.NDArray[Any]] = []

    def add(self, part: npt.NDArray[Any] | Sequence[Any]) -> None:
        self._recent.append(np.asarray(part, dtype=self._dtype))
        if len(self._recent) == _TOGETHER:
            self._parts.append(np.concatenate(self._recent))
            self._recent = []

    def __len__(self) -> int:
        return sum(map(len, self._parts)) + sum(map(len, self._recent))

    def take(self, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """All of it as one array, after which nothing is left here."""
        parts = [*self._parts, *self._recent]
        rows, first = len(self), parts[0]
        self._parts, self._recent = [], []
        whole = np.empty((rows, *first.shape[1:]), dtype=dtype)
        end = rows
        while parts:
            part = parts.pop()
            whole[end - len(part) : end] = part
            end -= len(part)
        return whole
