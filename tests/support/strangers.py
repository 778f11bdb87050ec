"""Tables that strangers may bring, each with what is said of its outcomes: for stories of the whole loop."""

import csv
import gzip
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tests.support import titanic


@dataclass(frozen=True)
class Subject:
    """A table to make a model of.

    text: the file. target: its column, and its model's key in answers. labels: how people report that it is
    not so, and that it is. schema: a file; None where it is to be inferred.
    """

    name: str
    text: Callable[[], str]
    target: str
    labels: tuple[Any, Any]
    schema: Path | None = None


def churn_table(rows: int = 600, *, seed: int = 0) -> str:
    """Customers of a made-up telephone company, of whom those who often call for help often leave."""
    draw = np.random.default_rng(seed)
    table: list[list[object]] = []
    for row in range(rows):
        calls, plan = int(draw.integers(0, 13)), str(draw.choice(["basic", "plus", "gold"]))
        charge = "" if draw.random() < 0.1 else f"{draw.uniform(15, 120):.2f}"
        left = draw.random() < 0.04 + 0.07 * calls - (0.15 if plan == "gold" else 0)
        paperless = str(draw.choice(["yes", "no"]))
        table.append([f"C-{row:05}", calls, charge, plan, paperless, "yes" if left else "no"])
    return _csv(["Customer ID", "Calls", "Monthly Charge", "Plan", "Paperless", "Churned"], table)


def write_churn(path: Path, rows: int = 900) -> Path:
    """The same as a file."""
    path.write_text(churn_table(rows))
    return path


def breast_cancer_table() -> str:
    """The diagnostic data of Wisconsin, 569 rows of 30 numbers, as scikit-learn's wheel carries it."""
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    rows = zip(data.data.tolist(), data.target.tolist(), strict=True)
    named = [[*numbers, data.target_names[target]] for numbers, target in rows]
    return _csv([*data.feature_names, "diagnosis"], named)


def adult_table(rows: int = 800, *, seed: int = 0) -> str:
    """The columns, words and first ten rows of the adult census, and as many rows made up of them.

    scikit-learn's wheel carries the census cut down to ten rows, too few to train on. In the made-up ones,
    years of school, age and hours tell who earns much.
    """
    import sklearn

    folder = Path(sklearn.__file__).parent / "datasets" / "tests" / "data" / "openml" / "id_1590"
    with gzip.open(next(folder.glob("data-*.arff.gz")), "rt") as file:
        head, _, data = file.read().partition("@data")
    attributes = re.findall(r"@attribute (\S+) (numeric|\{.*\})", head)
    words = {name: re.findall(r"[^{},\s]+", kind) for name, kind in attributes if kind != "numeric"}
    ranges = {
        "age": (17, 80), "fnlwgt": (20_000, 400_000), "education-num": (1, 16), "capital-gain": (0, 5_000),
        "capital-loss": (0, 500), "hours-per-week": (10, 70),
    }  # fmt: skip
    draw = np.random.default_rng(seed)
    table: list[Sequence[object]] = [
        [cell.strip() for cell in line.split(",")] for line in data.strip().splitlines()
    ]
    for _ in range(rows):
        row: dict[str, Any] = {name: int(draw.integers(*ranges[name])) for name in ranges}
        worth = row["education-num"] / 4 + row["hours-per-week"] / 20 + min(row["age"], 50) / 25
        earns_much = draw.random() < 1 / (1 + 2.7 ** (7 - worth))
        chosen = {name: str(draw.choice([*some[:8], "?"])) for name, some in words.items()}
        made = row | chosen | {"class": ">50K" if earns_much else "<=50K"}
        table.append([made[name] for name, _ in attributes])
    return _csv([name for name, _ in attributes], table)


def _csv(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([header, *rows])
    return out.getvalue()


CHURN = Subject("churn", churn_table, "Churned", ("no", "yes"))
CANCER = Subject("breast-cancer", breast_cancer_table, "diagnosis", ("benign", "malignant"))
ADULT = Subject("adult", adult_table, "class", ("<=50K", ">50K"))
TITANIC = Subject(
    titanic.MODEL, lambda: titanic.TABLE.read_text(encoding="utf-8"), "survived", (False, True),
    titanic.DATA / "titanic.schema.json",
)  # fmt: skip
SUBJECTS = (TITANIC, CANCER, ADULT, CHURN)
