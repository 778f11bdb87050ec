"""The caller's own words for a row, such as a customer's number: `reference`.

It tells people later whom a row is about: it is kept in the prediction log and sent back with the answer. It
is no feature, and no graph is given it. Where the schema has a field or a target of that name, it is that,
and rows have no reference.
"""

from collections.abc import Iterable, Mapping

from functions.core.base.formulas import unescape_formula
from functions.core.base.texts import MAX_REFERENCE, read_line
from functions.core.schema.rows import Unfit
from functions.core.schema.schema import REFERENCE, Schema, fold

RULE = f"must be a text of up to {MAX_REFERENCE} printable characters in one line"


def without_reference(row: Mapping[str, object]) -> dict[str, object]:
    """The row without its reference: what the schema reads."""
    return {name: value for name, value in row.items() if name != REFERENCE}


def read_reference(value: object) -> str | None:
    """The reference that was sent; None for null and for nothing but spaces. Raises `Unfit`."""
    if value is None:
        return None
    text = read_line(value, MAX_REFERENCE) if isinstance(value, str) else None
    if text is None:
        raise Unfit(RULE, "reference")
    return text or None


def read_cell(cell: str) -> str | None:
    """The reference in a cell of a table, as `core.base.formulas` may have written it. Raises `Unfit`."""
    return read_reference(unescape_formula(cell.strip()))


def reference_column(given: str, used: Iterable[str], unused: Iterable[str], schema: Schema) -> str | None:
    """The column of a table that holds the references, by its name there: the one that is `given`, else that
    of this name, if it is among the columns that are `unused`; None where there is none.

    used: the other columns of the table. A name that is given and no column has comes back as it is.
    """
    if given:
        return next((name for name in (*used, *unused) if fold(name) == fold(given)), given)
    if not schema.takes_references:
        return None
    return next((name for name in unused if fold(name) == REFERENCE), None)
