"""Cells of a column that came as values and not as text, such as those of a Parquet file."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from functions.core.schema.text.spans import Indices

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TypedCells:
    """numbers: float64 [N], NaN for missing, of a column of numbers. Of any other column, the text of row n
    is `words[codes[n]]`, "" for missing.
    """

    numbers: Floats | None = None
    codes: Indices | None = None
    words: Sequence[str] = ()

    def coded(self) -> tuple[Indices, Sequence[str]]:
        """The code of each row, [N], and the text that each code stands for."""
        if self.numbers is None:
            return np.zeros(0, dtype=np.intp) if self.codes is None else self.codes, self.words
        distinct, codes = np.unique(self.numbers, return_inverse=True)
        return codes, [*map(number_as_text, distinct.tolist())]

    @property
    def sizes(self) -> Indices:
        """Characters of each cell."""
        codes, words = self.coded()
        return np.array([*map(len, words)], dtype=np.intp)[codes]

    def texts(self, rows: Sequence[int] | Indices | None = None) -> list[str]:
        """The cells of those rows, or of all, as a table in text has them."""
        if self.numbers is not None:
            numbers = self.numbers if rows is None else self.numbers[rows]
            return [*map(number_as_text, numbers.tolist())]
        codes, words = self.coded()
        return [words[code] for code in (codes if rows is None else codes[rows]).tolist()]


def number_as_text(number: float) -> str:
    """As a table has it: a whole one without a point, "" for NaN."""
    if number != number:
        return ""
    return f"{number:.0f}" if number.is_integer() and abs(number) < 1e16 else repr(number)
