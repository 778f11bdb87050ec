"""What the OpenAPI document says of what depends on a model: names and values that its schema has.

The document is the same for all models, so it describes such names by example; these classes check nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from functions.core.base.ids import PATTERN
from functions.core.base.texts import MAX_NOTE
from functions.core.predictions.labels import SOURCE
from functions.feedback.rounds import RoundRequest
from functions.feedback.selection import Filters

_WORD: Mapping[str, Any] = {"anyOf": [{"type": "boolean"}, {"type": "string"}, {"type": "number"}]}
_BY_FEATURE = (
    "Any feature of the model that has categories, or is true or false, narrows by its name, in any of its "
    "spellings, such as `plan=monthly`. Several narrow one another; of one that is given several times, any "
    "value will do. One that has the name of another parameter is asked for with an underscore behind it. "
    "Live quality takes what is labelled for a sample of all predictions of its probability: where mostly "
    "one category is labelled, it tells how good the model is for that one"
)

# Without a title: it stands in two places of one body, and client generators would give both the same name.
OUTCOME: dict[str, Any] = {
    "description": (
        "What really happened: the outcome stands under the name of the model's target, such as `churned`, "
        "as true or false, 1 or 0, or one of the target's own words; GET /models/{model} says which those "
        "are. Where the target itself has the name of another key, that one has `lifeboat_` before it."
    ),
    "type": "object",
    "properties": {
        "prediction_id": {
            "type": "string",
            "pattern": PATTERN,
            "examples": ["01a1feaa-00ea-7752-9015-c9355649249c"],
        },
        "source": {
            "anyOf": [{"type": "string", "pattern": SOURCE}, {"type": "null"}],
            "description": "A name for who or what says so. It is kept below the key, as `{key id}/{name}`; "
            "what counts as one who labels is the key",
            "examples": ["alice"],
        },
        "note": {
            "anyOf": [{"type": "string", "maxLength": MAX_NOTE}, {"type": "null"}],
            "description": "Kept with the label, and shown in the export",
            "examples": ["she called us"],
        },
        "unsure": {
            "anyOf": [{"type": "boolean"}, {"type": "null"}],
            "description": "True in place of an outcome: who says so does not know. It is no label and takes "
            "none back; the queue does not hand out the row to this key again",
        },
    },
    "required": ["prediction_id"],
    "additionalProperties": _WORD,
    "minProperties": 2,
    "maxProperties": 5,
}


class Receipt(BaseModel):
    """What became of an outcome, which stands under the name of the model's target, in its words; null from
    who does not know.

    `recorded`, `repeated` (this source had said so) or `unknown` prediction: `error` says whether there is no
    record of it, or none was found in as much of the log as was read. Where the target itself has the name of
    another key, that one has `lifeboat_` before it.
    """

    model_config = ConfigDict(extra="allow")

    prediction_id: str
    status: Literal["recorded", "repeated", "unknown"]
    source: str = Field(
        description="The id of the key or of the person, or `{id}/{name}` where a name was given"
    )
    labelled_at: datetime | None
    error: str | None


class Receipts(BaseModel):
    """What became of each outcome of a list, in order, and how many met each fate."""

    results: list[Receipt]
    recorded: int
    repeated: int
    unknown: int


class RefusedRow(BaseModel):
    """A row that was not taken, from 1, and why. field: empty for the row as a whole."""

    row: int
    field: str
    msg: str


class TableReceipt(BaseModel):
    """What became of a table of outcomes: the good rows are kept, and of the others it is said why not."""

    recorded: int
    repeated: int = Field(description="This source had said so")
    empty: int = Field(description="Rows that say nothing of what happened")
    refused: list[RefusedRow]
    passed_over: list[str] = Field(description="Columns that are nothing of an outcome")


def query_parameters(kind: type[Filters]) -> dict[str, Any]:
    """The parameters of a route that reads `kind` from its address, for FastAPI's `openapi_extra`."""
    document = kind.model_json_schema()
    parameters = [
        {
            "name": name,
            "in": "query",
            "required": name in document.get("required", ()),
            "schema": about,
            **({"description": about["description"]} if "description" in about else {}),
        }
        for name, about in document["properties"].items()
    ]
    features = {
        "name": "features",
        "in": "query",
        "required": False,
        "description": _BY_FEATURE,
        # Every property of such an object is a parameter of its own.
        "style": "form",
        "explode": True,
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    }
    return {"parameters": [*parameters, features]}


def round_request() -> dict[str, Any]:
    """The body that draws a round."""
    values = {"type": "array", "items": _WORD, "minItems": 1}
    document = RoundRequest.model_json_schema()
    return document | {
        "description": f"{document['description']} {_BY_FEATURE}.",
        "additionalProperties": {"anyOf": [*_WORD["anyOf"], values]},
    }
