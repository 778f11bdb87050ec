"""The rows that a version was published with, to stand for "not known" in its explanations."""

from collections.abc import Mapping, Sequence
from typing import Any

from functions.core.base.errors import UnusableModel
from functions.core.registry.serving import ServedVersion
from functions.core.schema.columns import Columns, from_values
from functions.core.schema.schema import Field, Schema

# The largest float32: what is beyond it becomes infinite without a word.
_MAX_NUMBER = 3.4028234663852886e38


def read_background(served: ServedVersion) -> Columns:
    """The background of a version, as its graph takes it.

    Raises `UnusableModel` when it is not of its schema: other features, columns of several lengths or of
    none, values that are none of a feature's.
    """
    if not _is_of(served.schema, served.background):
        raise UnusableModel(f"version {served.version} was published without a background for explanations")
    return from_values(served.background, served.schema)


def _is_of(schema: Schema, columns: Mapping[str, Any]) -> bool:
    if columns.keys() != {*schema.names}:
        return False
    if not all(isinstance(column, list) for column in columns.values()):
        return False
    lengths = {len(column) for column in columns.values()}
    return (
        len(lengths) == 1
        and 0 not in lengths
        and all(_fits(field, columns[field.name]) for field in schema.features)
    )


def _fits(field: Field, values: Sequence[Any]) -> bool:
    if field.words is not None:
        return all(value is None or (isinstance(value, str) and value in field.words) for value in values)
    return all(
        value is None or (type(value) in (int, float) and abs(value) <= _MAX_NUMBER) for value in values
    )
