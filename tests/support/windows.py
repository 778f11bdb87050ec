"""Windows of rows, as the monitor counts them, and the reference that they are held against."""

from collections import Counter

import numpy as np

from functions.core.stats.distributions import of_numbers
from functions.core.stats.records import Distribution
from tests.support.titanic import SCHEMA, TABLE, people

Values = dict[str, list[float | str | None]]


def passengers(rows: int, *, years: float = 0, seed: int = 0) -> Values:
    """A window of `rows` real passengers, drawn with replacement and aged by `years`, in the log's words."""
    drawn = [row for row, _ in people(rows, seed=seed, older=years)]
    chances: list[float | str | None] = [*np.random.default_rng(seed).random(rows).tolist()]
    return {name: [row[name] for row in drawn] for name in SCHEMA.names} | {"probability": chances}


def table() -> Values:
    """All rows of the shipped table, each once, in the log's words; without a probability."""
    from functions.core.schema.columns import to_values
    from functions.core.schema.tables.table import open_table

    with TABLE.open("rb") as file:
        [chunk] = open_table(file, SCHEMA, labelled=True)
    return to_values(chunk.columns)


def reference() -> dict[str, Distribution]:
    """The distributions of the shipped table, as a manifest has them, with probabilities spread evenly."""
    values = table()
    known = {}
    for field in SCHEMA.features:
        if field.words is None:
            known[field.name] = of_numbers(np.array(values[field.name], dtype=np.float32))
        else:
            rows = Counter(values[field.name])
            counts = [rows[word] for word in (*field.words, None)]
            known[field.name] = Distribution(categories=list(field.words), counts=counts)
    return known | {"probability": of_numbers(np.linspace(0, 1, 1309))}
