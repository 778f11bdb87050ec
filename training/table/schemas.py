"""The schema by which a dataset is read: the model's own, or one inferred from the file when it has none."""

from dataclasses import dataclass

from functions.core.base.errors import Conflict, NotFound
from functions.core.schema.document.parsing import InvalidSchema, parse_schema, read_schema
from functions.core.schema.schema import Schema
from functions.core.storage.view import SCHEMA, ModelStore
from training.table.formats import infer_any
from training.table.source import Source


@dataclass(frozen=True, slots=True)
class Chosen:
    """notes: what is to be said of the choice; is_new: it is not kept as the model's yet."""

    schema: Schema
    notes: tuple[str, ...] = ()
    is_new: bool = False


def stored_schema(store: ModelStore) -> Schema | None:
    """The schema for the model's next training; None when it has none. Raises `InvalidSchema`."""
    try:
        return read_schema(store.get(SCHEMA).body)
    except NotFound:
        return None
    except InvalidSchema as error:
        key = store.full(SCHEMA)
        raise InvalidSchema([f"{fault} (in {key})" for fault in error.faults]) from error


def choose_schema(
    store: ModelStore, source: Source, *, target: str | None, positive: str | None = None
) -> Chosen:
    """The model's schema; without one, a schema inferred from the file, whose column `target` is predicted:
    whether it has one of the values `positive`.

    Raises `InvalidSchema` when the model's is damaged, `InvalidInput` when none can be inferred.
    """
    schema = stored_schema(store)
    if schema is None:
        return infer(source, target=target, positive=positive, name=store.model)
    notes = schema.notes
    if target is not None and schema.target.name != target:
        note = f"the model's schema predicts {schema.target.name}: the target {target} was not asked for"
        notes = (*notes, f"{note}; to predict it, change {store.full(SCHEMA)}")
    if positive is not None:
        note = f"the model's schema says which values of {schema.target.name} count as yes"
        notes = (*notes, f"{note}: {positive} was not asked for; to change that, change {store.full(SCHEMA)}")
    return Chosen(schema, notes)


def infer(source: Source, *, target: str | None, positive: str | None = None, name: str) -> Chosen:
    """A schema of the table in `source`. positive: as of `infer_schema`. name: of the model, which may also
    be that of its target.

    Raises `InvalidInput` that names the columns which could be the target.
    """
    inferred = infer_any(source, target=target, positive=positive, name=name)
    return Chosen(parse_schema(inferred.document), inferred.notes, is_new=True)


def keep_schema(store: ModelStore, schema: Schema) -> Schema:
    """Keep an inferred schema as the model's. Returns the one that counts: the first one written."""
    try:
        store.create(SCHEMA, schema.as_json())
    except Conflict:
        return read_schema(store.get(SCHEMA).body)
    return schema


def replace_schema(store: ModelStore, schema: Schema) -> bool:
    """Make `schema` the model's, whatever it was. Returns whether another one was replaced."""
    try:
        kept = store.get(SCHEMA).body
    except NotFound:
        kept = None
    body = schema.as_json()
    if kept != body:
        store.put(SCHEMA, body)
    return kept not in (None, body)
