"""Made-up passengers for the drift demo: those of the dataset once more, and those of another ship.

Who sails on the other ship is a passenger of the dataset, drawn at random, but 25 years older. On that ship
the old are let into the boats first: of those of 50 and more, nine in ten survive; of the others, those who
did. So the ages are new to a model of the dataset, which shows at once (drift), and what it says of the old
is wrong, which shows when their outcomes come in (quality).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from functions.core.schema.columns import to_rows
from functions.core.schema.document.parsing import read_schema
from functions.core.schema.tables.table import open_table
from functions.local.story.loop import SHIPPED_SCHEMA

_YEARS = 25
_OLD = 50
_OLD_SURVIVE = 0.9
# The most that a passenger can be.
_OLDEST = 120


@dataclass(frozen=True, slots=True)
class Traveller:
    """The body of a request to /predict, and what happens to the passenger."""

    passenger: dict[str, Any]
    survived: bool


def same_ship(dataset: Path, count: int, seed: int) -> list[Traveller]:
    """`count` passengers of the dataset, drawn with replacement."""
    return _drawn(dataset, count, np.random.default_rng(seed))


def other_ship(dataset: Path, count: int, seed: int) -> list[Traveller]:
    """`count` passengers of the other ship."""
    draw = np.random.default_rng(seed)
    return [_on_the_other_ship(traveller, draw) for traveller in _drawn(dataset, count, draw)]


def _drawn(dataset: Path, count: int, draw: np.random.Generator) -> list[Traveller]:
    travellers = [*_travellers(dataset)]
    return [travellers[row] for row in draw.integers(len(travellers), size=count)]


def _travellers(dataset: Path) -> Iterator[Traveller]:
    schema = read_schema(SHIPPED_SCHEMA.read_bytes())
    with dataset.open("rb") as stream:
        for chunk in open_table(stream, schema, labelled=True):
            for row, survived in zip(to_rows(chunk.columns), chunk.outcomes, strict=True):
                yield Traveller(row, survived == 1)


def _on_the_other_ship(traveller: Traveller, draw: np.random.Generator) -> Traveller:
    age = traveller.passenger["age"]
    if age is None:
        return traveller
    age = min(age + _YEARS, _OLDEST)
    survived = draw.random() < _OLD_SURVIVE if age >= _OLD else traveller.survived
    return Traveller(traveller.passenger | {"age": age}, survived)
