"""Windows of passengers, as the monitor counts them."""

import numpy as np

from training.dataset import Dataset, to_columns

Values = dict[str, list[float | str | None]]


def passengers(titanic: Dataset, rows: int, *, years: float = 0, seed: int = 0) -> Values:
    """A window of `rows` real passengers, drawn with replacement and aged by `years`, in the log's words."""
    drawn = titanic.matrix[np.random.default_rng(seed).integers(len(titanic.matrix), size=rows)]
    values: Values = {
        name: [None if value == "" or value != value else value for value in column.ravel().tolist()]
        for name, column in to_columns(drawn).items()
    }
    values["age"] = [age + years if isinstance(age, float) else None for age in values["age"]]
    chances = np.random.default_rng(seed).random(rows)
    return values | {"probability": chances.tolist()}
