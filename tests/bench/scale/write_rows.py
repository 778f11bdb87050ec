"""Writes a table of any number of rows, made from the shipped one by a seeded generator.

Each row is a shipped passenger with the surname of another, and with age and fare changed at random; one
outcome in ten is turned around, so that there is no model without an error. The file is written in blocks.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np

SEED = 15
BLOCK = 100_000
AGES, FARES = 16, 512
TURNED = 0.1


def header(table: Path) -> str:
    return table.read_text(encoding="utf-8").partition("\n")[0]


def blocks(table: Path, rows: int) -> Iterator[list[str]]:
    """The lines below the header, block by block."""
    with table.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        passengers = [*reader]
    prepared = [_Passenger(passenger) for passenger in passengers]
    surnames = [passenger["name"].partition(",")[0] for passenger in passengers]
    draw = np.random.default_rng(SEED)
    for start in range(0, rows, BLOCK):
        size = min(BLOCK, rows - start)
        drawn = (
            draw.integers(most, size=size).tolist() for most in (len(prepared), len(surnames), AGES, FARES)
        )
        turned = (draw.random(size) < TURNED).tolist()
        yield [
            prepared[row].line(surnames[surname], age, fare, turn)
            for row, surname, age, fare, turn in zip(*drawn, turned, strict=True)
        ]


class _Passenger:
    """A shipped row, cut where it changes."""

    def __init__(self, row: dict[str, str]) -> None:
        draw = Random(row["name"])  # noqa: S311 # a table, no secret
        first = row["survived"]
        self._outcomes = (first, "01"[first == "0"])
        self._pclass = row["pclass"]
        self._forenames = row["name"].partition(",")[2].replace('"', '""')
        self._sex = row["sex"]
        self._ages = [_changed(row["age"], draw.uniform(-3, 3), 1) for _ in range(AGES)]
        self._relatives = f"{row['sibsp']},{row['parch']},{_quoted(row['ticket'])}"
        self._fares = [_scaled(row["fare"], draw.uniform(0.8, 1.25)) for _ in range(FARES)]
        rest = ("cabin", "embarked", "boat", "body", "home.dest")
        self._rest = ",".join(_quoted(row[name]) for name in rest)

    def line(self, surname: str, age: int, fare: int, turn: bool) -> str:
        return (
            f'{self._pclass},{self._outcomes[turn]},"{surname},{self._forenames}",{self._sex},{self._ages[age]},'
            f"{self._relatives},{self._fares[fare]},{self._rest}\n"
        )


def _changed(number: str, by: float, digits: int) -> str:
    return f"{min(99.0, max(0.1, float(number) + by)):.{digits}f}".removesuffix(".0") if number else ""


def _scaled(number: str, by: float) -> str:
    return f"{float(number) * by:.4f}".rstrip("0").rstrip(".") if number else ""


def _quoted(cell: str) -> str:
    return f'"{cell}"' if "," in cell else cell


def write(table: Path, rows: int, csv_file: Path) -> None:
    with csv_file.open("w", encoding="utf-8") as file:
        file.write(f"{header(table)}\n")
        for lines in blocks(table, rows):
            file.writelines(lines)


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
