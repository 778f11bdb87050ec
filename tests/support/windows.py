"""Windows of rows, as the monitor counts them."""

import numpy as np
from training.matrix import to_columns

from functions.core.schema.columns import to_values
from training.dataset import Dataset

Values = dict[str, list[float | str | None]]


def passengers(titanic: Dataset, rows: int, *, years: float = 0, seed: int = 0) -> Values:
    """A window of `rows` real passengers, drawn with replacement and aged by `years`, in the log's words."""
    drawn = titanic.matrix[np.random.default_rng(seed).integers(len(titanic.matrix), size=rows)]
    values: Values = to_values(to_columns(drawn, titanic.schema))
    values["age"] = [age + years if isinstance(age, float) else None for age in values["age"]]
    chances = np.random.default_rng(seed).random(rows)
    return values | {"probability": chances.tolist()}
