"""Made-up passengers for the drift demo: those of the dataset once more, and those of another ship.

Who sails on the other ship is a passenger of the dataset, drawn at random, but 25 years older. On that ship
the old are let into the boats first: of those of 50 and more, nine in ten survive; of the others, those who
did. So the ages are new to a model of the dataset, which shows at once (drift), and what it says of the old
is wrong, which shows when their outcomes come in (quality).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from functions.core.columns import to_rows
from functions.core.table import read_passengers

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
    return Random(seed).choices([*_travellers(dataset)], k=count)  # noqa: S311 - no secret


def other_ship(dataset: Path, count: int, seed: int) -> list[Traveller]:
    """`count` passengers of the other ship."""
    random = Random(seed)  # noqa: S311 - no secret
    return [_on_the_other_ship(one, random) for one in random.choices([*_travellers(dataset)], k=count)]


def _travellers(dataset: Path) -> Iterator[Traveller]:
    with dataset.open("rb") as stream:
        for chunk in read_passengers(stream, labelled=True):
            for row, survived in zip(to_rows(chunk.columns), chunk.survived, strict=True):
                yield Traveller(row, survived == 1)


def _on_the_other_ship(traveller: Traveller, random: Random) -> Traveller:
    age = traveller.passenger["age"]
    if age is None:
        return traveller
    age = min(age + _YEARS, _OLDEST)
    survived = random.random() < _OLD_SURVIVE if age >= _OLD else traveller.survived
    return Traveller(traveller.passenger | {"age": age}, survived)
