"""MLflow's scoring protocol: reads its four shapes of JSON as rows, writes scores as its predictions.

https://mlflow.org/docs/latest/deployment/deploy-model-locally.html describes it; SageMaker asks the same of
the containers that it runs.
"""

import json
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from functions.core.base.errors import InvalidInput
from functions.core.schema.document.fields import MAX_FIELDS
from functions.predict import answers
from functions.predict.champion import Loaded
from functions.predict.rows import MAX_ROWS, Rows, read_rows
from functions.predict.scoring import Scored

_UP_TO_MAX = Field(max_length=MAX_ROWS)
Record = dict[str, Any]
Records = Annotated[list[Record], _UP_TO_MAX]


def _few_keys(value: Any) -> Any:
    """Raises `ValueError` for an object of more keys than a table can have columns: each would be a fault."""
    if isinstance(value, dict) and len(value) > MAX_FIELDS:
        raise ValueError(f"at most {MAX_FIELDS} columns can be sent")
    return value


Columns = Annotated[dict[str, Annotated[list[Any], _UP_TO_MAX]], BeforeValidator(_few_keys)]


class Body(BaseModel):
    """Base of the bodies of JSON: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Split(Body):
    """A table as pandas' `to_dict(orient="split")` makes it. `index` is passed over."""

    columns: list[str] = Field(max_length=MAX_FIELDS)
    data: list[list[Any]] = Field(max_length=MAX_ROWS)
    index: list[Any] | None = None


class Invocation(Body):
    """Rows in exactly one of four shapes. NaN and null stand for a value that is missing."""

    dataframe_split: Split | None = None
    dataframe_records: Records | None = None
    instances: Records | None = Field(None, description="The same as `dataframe_records`")
    inputs: Columns | Records | None = Field(None, description="Columns by name, or records")
    params: dict[str, Any] | None = Field(None, description="Nothing, or empty: this model has none")


def read_invocation(body: bytes, model: Loaded) -> Rows:
    """The rows of an `Invocation`. Raises pydantic's `ValidationError`, `InvalidInput`."""
    sent = Invocation.model_validate(_parsed(body))
    if sent.params:
        raise InvalidInput("this model has no parameters: leave params out")
    shapes = (sent.dataframe_split, sent.dataframe_records, sent.instances, sent.inputs)
    if sum(shape is not None for shape in shapes) != 1:
        raise InvalidInput("send exactly one of dataframe_split, dataframe_records, instances and inputs")
    if sent.dataframe_split:
        rows = _split(sent.dataframe_split)
    elif isinstance(sent.inputs, dict):
        rows = _transposed(sent.inputs)
    else:
        rows = sent.dataframe_records or sent.instances or sent.inputs or []
    return read_rows(
        [{name: None if value != value else value for name, value in row.items()} for row in rows],
        model.rows,
        extras=True,
    )


def _parsed(body: bytes) -> Any:
    """What a body holds. MLflow's clients write NaN for a gap among numbers, which JSON does not know."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if b"NaN" not in body and b"Infinity" not in body:
            raise
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return orjson.loads(body)


def write(scored: Scored, model: Loaded) -> bytes:
    """The answers in the order of the rows, as MLflow's clients expect them."""
    return orjson.dumps({"predictions": list(answers.rows(scored, model))})


def _split(table: Split) -> list[Record]:
    columns = table.columns
    if len(set(columns)) < len(columns):
        raise InvalidInput("dataframe_split has two columns of the same name")
    for number, row in enumerate(table.data, start=1):
        if len(row) != len(columns):
            raise InvalidInput(
                f"row {number} of dataframe_split has {len(row)} values for {len(columns)} columns"
            )
    return [dict(zip(columns, row, strict=True)) for row in table.data]


def _transposed(columns: dict[str, list[Any]]) -> list[Record]:
    if len({len(values) for values in columns.values()}) > 1:
        raise InvalidInput("the columns of inputs have different lengths")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
