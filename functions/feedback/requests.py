"""Reads which predictions a request asks for, and names every fault.

What is the same for all models is pydantic's to check. Any feature that has categories, or is true or false,
narrows by its name as well, in any of its spellings: which those are is told by the model's schema.
"""

from collections.abc import Iterable, Mapping
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, Field, ValidationError

from functions.core.base.errors import InvalidInput
from functions.core.base.ids import PATTERN
from functions.core.predictions.labels import SOURCE
from functions.core.schema.rows import FieldReader, RowReader, Unfit, Value
from functions.core.schema.schema import Schema, fold
from functions.feedback.export import MAX_ROWS
from functions.feedback.faults import DOES_NOT_FIT, Fault, fault, faults_of
from functions.feedback.leases import PLACE
from functions.feedback.outcomes import ID_RULE, read_id
from functions.feedback.rounds import ID, RoundRequest
from functions.feedback.selection import Filters, Query, Selection

_MAX_LISTED = 30


def _checked_id(value: str) -> str:
    try:
        return read_id(value)
    except ValueError:
        raise ValueError(ID_RULE) from None


PredictionId = Annotated[str, AfterValidator(_checked_id), Field(json_schema_extra={"pattern": PATTERN})]
Source = Annotated[str, Field(pattern=SOURCE, examples=["alice"])]
RoundId = Annotated[str, Field(pattern=ID, examples=["01a1feaa-00ea-7752-9015-c9355649249c"])]


class Selected(Filters):
    """The predictions that fit the filters, or those of a round."""

    round: RoundId | None = None


class QueueQuery(Selected):
    annotator: Source | None = Field(
        None,
        description="A name, below the key that asks, with leases of its own; what counts as one who labels "
        "is the key",
    )
    wanted: int = Field(1, ge=1, le=5, description="How many people or keys are to label each row")
    limit: int = Field(20, ge=1, le=100)
    after: str | None = Field(None, pattern=PLACE, description="`next` of the page before")


class ExportQuery(Selected):
    limit: int = Field(MAX_ROWS, ge=1, le=MAX_ROWS)
    after: PredictionId | None = Field(None, description="The header x-next of the page before")


Chosen = TypeVar("Chosen", bound=Selected)


def read_query(kind: type[Chosen], given: Iterable[tuple[str, str]], schema: Schema) -> Selection[Chosen]:
    """What the parameters of an address ask for. Raises `InvalidInput`."""
    reader = _Reader(kind, schema, "query")
    for name, text in given:
        reader.take(name, text)
    return reader.selection()


def read_round_request(given: Mapping[str, object], schema: Schema) -> Selection[RoundRequest]:
    """What a body asks for; a feature has a value, or a list of values. Raises `InvalidInput`."""
    reader = _Reader(RoundRequest, schema, "body")
    for name, value in given.items():
        reader.take(name, value)
    return reader.selection()


class _Reader(Generic[Query]):
    """Reads one request, and collects what is wrong with it. where: `query` or `body`, the part it reads."""

    def __init__(self, kind: type[Query], schema: Schema, where: str) -> None:
        self._kind = kind
        self._schema = schema
        self._where = where
        self._names = {field.alias or name for name, field in kind.model_fields.items()}
        self._readers = {
            reader.field.name: reader
            for reader in RowReader(schema).readers
            if reader.field.categories or reader.field.type == "boolean"
        }
        self._given: dict[str, object] = {}
        self._features: dict[str, tuple[Value, ...]] = {}
        self._faults: list[Fault] = []

    def take(self, name: str, value: object) -> None:
        """Read a parameter. A feature may be given more than once: any of its values will do."""
        if name in self._names:
            self._given[name] = value
            return
        feature = self._schema.accepted.get(fold(name), "")
        reader = self._readers.get(feature)
        if reader is None:
            message = "has no categories to ask for" if feature else "is nothing to ask for"
            self._fault(name, f"{message}; there are {self._listed()}", "unknown")
            return
        try:
            values = self._values(reader, value)
        except Unfit as error:
            self._fault(name, error.msg, error.type)
        else:
            self._features[feature] = (*self._features.get(feature, ()), *values)

    def selection(self) -> Selection[Query]:
        """What was read. Raises `InvalidInput` with every fault."""
        query = None
        try:
            query = self._kind.model_validate(self._given)
        except ValidationError as error:
            self._faults[:0] = faults_of(error, self._where)
        filtered = query and (self._features or query.model_fields_set & Filters.model_fields.keys())
        if isinstance(query, Selected) and query.round and filtered:
            self._fault("round", "is a list that is fixed: ask for it without filters", "round")
        if query is None or self._faults:
            raise InvalidInput(DOES_NOT_FIT, self._faults)
        return Selection(query, self._features)

    def _values(self, reader: FieldReader, value: object) -> list[Value]:
        if self._where == "query":
            return [reader.from_text(str(value))]
        listed = value if isinstance(value, list) else [value]
        if not listed:
            raise Unfit("is an empty list", "too_short")
        return [reader.from_json(item) for item in listed]

    def _fault(self, name: str, msg: str, type_: str) -> None:
        self._faults.append(fault([self._where, name], msg, type_))

    def _listed(self) -> str:
        names = [*sorted(self._names), *self._readers]
        more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
        return ", ".join(names[:_MAX_LISTED]) + more
