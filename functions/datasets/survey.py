"""What a table would be taken for: its schema, each column, and which of them could be predicted."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.errors import InvalidInput
from functions.core.schema.inference.column_kinds import MAX_CATEGORIES
from functions.core.schema.inference.column_summary import ColumnSummary
from functions.core.schema.inference.inferred import Surveyed, infer_from, survey_columns
from functions.core.schema.inference.target_choice import two_valued

# What a request can be gone through in before API Gateway gives up: see the test of the largest table.
MAX_DECOMPRESSED = 64 * 1024 * 1024
_EXAMPLES = 5


class FoundColumn(BaseModel):
    """A column of the file. All of its values are listed where they are few, else some examples."""

    name: str
    rows: int
    missing: int = Field(description="Rows without a value")
    distinct: int | None = Field(description="Distinct values; null where there are too many to count")
    values: list[str]
    complete: bool = Field(description="Whether these are all values")


class InferredSchema(BaseModel):
    """What was found. Nothing is kept of it: PUT the schema, changed as you like, to have it count."""

    model_config = ConfigDict(populate_by_name=True)

    # `schema` is an attribute of every pydantic model.
    table_schema: dict[str, Any] | None = Field(
        alias="schema", description="Null while it is not known which column is to be predicted"
    )
    question: str | None = Field(description="Why there is no schema yet")
    notes: list[str] = Field(description="What was guessed, and what was left out, in sentences")
    targets: list[str] = Field(description="Columns of two values, one of which can be predicted")
    columns: list[FoundColumn] = Field(description="In the order of the file")


def infer(body: bytes, *, name: str, target: str | None) -> InferredSchema:
    """The schema of the table in `body`. name: of the model; a column of that name is taken for the target
    where none is given. Raises `InvalidInput` for what is no table, and for a target that cannot be one.
    """
    surveyed = survey_columns(BytesIO(body), expected=(target, name), max_decompressed=MAX_DECOMPRESSED)
    targets = [column.name for column in two_valued(surveyed.columns)]
    try:
        inferred = infer_from(surveyed, target=target, name=name)
    except InvalidInput as error:
        if target is not None:
            detail = [{"loc": ["query", "target"], "msg": str(error), "type": "target"}]
            raise InvalidInput(str(error), detail) from error
        if not targets:
            raise
        return _answer(surveyed, targets, surveyed.notes, None)
    return _answer(surveyed, targets, inferred.notes, inferred.document)


def _answer(
    surveyed: Surveyed, targets: list[str], notes: Sequence[str], document: dict[str, Any] | None
) -> InferredSchema:
    question = "which column is to be predicted? Choose one of those with two values"
    return InferredSchema(
        table_schema=document,
        question=None if document else question,
        notes=[*notes],
        targets=targets,
        columns=[_column(column) for column in surveyed.columns],
    )


def _column(column: ColumnSummary) -> FoundColumn:
    words = column.spellings()
    complete = not column.overflowing and len(words) <= MAX_CATEGORIES
    shown = sorted(words) if complete else sorted(words, key=lambda word: -words[word])[:_EXAMPLES]
    return FoundColumn(
        name=column.name,
        rows=column.rows,
        missing=column.missing,
        distinct=None if column.overflowing else len(words),
        values=shown,
        complete=complete,
    )
