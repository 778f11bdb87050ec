"""Schemas that are inferred from whole tables: public ones, large ones, strange ones."""

import csv
import io
import random
import time

import pytest
from sklearn.datasets import load_breast_cancer

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.parsing import parse_schema
from tests.support.arff import openml_csv
from tests.support.inferring import cycle, fields, infer, table
from tests.support.reading import TITANIC, read

REQUIRED = {"required": True}


def test_the_titanic_is_inferred_and_read_by_what_was_inferred() -> None:
    body = TITANIC.read_bytes()
    found = infer(body, target="Survived", name="titanic")
    assert {name: (field["type"], field.get("constraints")) for name, field in fields(found).items()} == {
        "pclass": ("integer", REQUIRED),
        "survived": ("integer", {"enum": [0, 1]}),
        "sex": ("string", {**REQUIRED, "enum": ["female", "male"]}),
        "age": ("number", None),
        "sibsp": ("integer", REQUIRED),
        "parch": ("integer", REQUIRED),
        "fare": ("number", None),
        "embarked": ("string", {"enum": ["C", "Q", "S"]}),
        "boat": ("string", {"enum": fields(found)["boat"]["constraints"]["enum"]}),
    }
    assert found.document["ignored"] == ["name", "ticket", "cabin", "body", "home.dest"]
    rows = read(body, parse_schema(found.document))
    assert (len(rows.rows), sum(rows.outcomes), rows.bad) == (1309, 500, [])


def test_breast_cancer_is_inferred() -> None:
    data = load_breast_cancer()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([*data.feature_names, "target"])
    writer.writerows(
        [*row, target] for row, target in zip(data.data.tolist(), data.target.tolist(), strict=True)
    )
    found = infer(text.getvalue())
    assert len(found.document["fields"]) == 31
    assert {field["type"] for field in found.document["fields"]} == {"number", "integer"}
    rows = read(text.getvalue(), parse_schema(found.document))
    assert (len(rows.rows), sum(rows.outcomes), rows.bad) == (569, 357, [])
    assert rows.rows[0]["mean radius"] == pytest.approx(17.99)


@pytest.mark.parametrize(
    ("number", "target", "positive", "rows"),
    [
        (1119, "class", ">50K", 10),
        (1590, "class", ">50K", 10),
        (3, "class", "won", 3196),
        (40675, "class", 1, 163),
    ],
)
def test_tables_of_openml_are_inferred(number: int, target: str, positive: object, rows: int) -> None:
    body = openml_csv(number)
    found = infer(body)
    assert found.document["target"] == {"field": target, "positive": positive}
    whole = read(body, parse_schema(found.document))
    assert (len(whole.rows) > 0, whole.bad) == (True, [])
    assert len(whole.rows) <= rows


def test_penguins_have_three_species_and_two_sexes() -> None:
    body = openml_csv(42585)
    with pytest.raises(
        InvalidInput, match="species has 3 distinct values, such as Adelie, Gentoo, Chinstrap"
    ):
        infer(body, target="species")
    with pytest.raises(InvalidInput, match="which column is to be predicted"):
        infer(body)


@pytest.mark.long
def test_a_million_cells_are_read_in_bounded_time() -> None:
    random.seed(0)  # The same cells each time: no secret, hence no S311.
    rows = "".join(
        f"{row},{random.random()},{random.choice('abc')},x{random.random()},{row % 2}\n"  # noqa: S311
        for row in range(100_000)
    )
    begins = time.perf_counter()
    found = infer(f"id,a,b,c,y\n{rows}")
    assert time.perf_counter() - begins < 20
    assert [*fields(found)] == ["a", "b", "y"]


@pytest.mark.parametrize("alphabet", ["1", "1-", "1/", "1:", "jan ", "1 jan", "a", " ", "1 1"])
def test_no_cell_takes_long(alphabet: str) -> None:
    cell = alphabet * (64_000 // len(alphabet)) + "x"
    begins = time.perf_counter()
    infer(table(a=cycle(cell, "b"), b=cycle(1, 2, 3)))
    assert time.perf_counter() - begins < 2
