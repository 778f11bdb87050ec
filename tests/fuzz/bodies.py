"""Bodies of requests: what each route asks for, whole or damaged, and anything else."""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.json_values import DEEP, VALUES, Strategy, as_json, damaged
from tests.fuzz.world import World
from tests.support.titanic import SCHEMA, row

CSV = "pclass,sex,age\n1,female,29\n3,male,\n"
TABLES = st.just(CSV) | st.text(max_size=60).map(lambda text: CSV + text)
TENSORS = {
    "inputs": [
        {"name": "pclass", "shape": [2], "datatype": "INT64", "data": [1, 3]},
        {"name": "sex", "shape": [2, 1], "datatype": "BYTES", "data": [["female"], ["male"]]},
        {"name": "age", "shape": [2], "datatype": "FP32", "data": [29.0, None]},
    ],
    "outputs": [{"name": "probabilities"}],
    "id": "a",
}
INVOCATIONS = [
    {"dataframe_split": {"columns": ["pclass", "sex"], "data": [[1, "female"], [3, "male"]]}},
    {"dataframe_records": [row(), row(age=None)]},
    {"instances": [row()]},
    {"inputs": {"pclass": [1, 3], "sex": ["female", "male"]}},
]


@cache
def bodies(path: str, world: World) -> Strategy:
    """Bodies for a route: mostly such as it asks for, or nearly. None where there is none; text, or bytes."""
    good = [*_good(path, world)]
    nearly = st.sampled_from(good).flatmap(damaged) if good else VALUES
    whole = st.sampled_from(good) if good else VALUES
    texts = as_json(whole) | as_json(nearly) | as_json(nearly) | as_json(VALUES) | DEEP | TABLES
    return texts | texts | texts | st.none() | st.binary(max_size=40) | texts.map(_in_bytes)


def _good(path: str, world: World) -> list[Any]:
    rows = [row(), row(age=None, name="Braund, Mr. Owen"), {"pclass": 1, "sex": "F"}]
    outcome = {"prediction_id": world.predictions[0], "survived": True}
    match path.rpartition("/")[2]:
        case "predict":
            return rows
        case "batch":
            return [{"rows": rows}, {"passengers": rows[:1]}]
        case "invocations":
            return INVOCATIONS
        case "infer":
            return [TENSORS]
        case "feedback":
            return [outcome, [outcome, outcome | {"source": "alice"}]]
        case "rounds":
            return [{"size": 3, "sex": ["male", "female"]}, {"size": 1, "from": "2026-11-01T00:00:00Z"}]
        case "promote":
            return [{"reason": "better", "force": True}]
        case "rollback":
            return [{"reason": "worse", "to": world.versions[1]}, {"reason": "worse"}]
        case "schema":
            return [SCHEMA.document]
    return []


def _in_bytes(text: str) -> bytes:
    return text.encode("utf-16")
