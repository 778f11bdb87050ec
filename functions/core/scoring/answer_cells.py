"""What an answer in CSV is made of: the names of its columns and the text of its cells, for a batch and for a
scored file alike.
"""

import re
from collections.abc import Collection, Sequence
from itertools import repeat

import orjson

from functions.core.base.formulas import escape_formula
from functions.core.schema.names import own_names
from functions.core.schema.schema import Schema, fold
from functions.core.scoring.explain import Explanation

_SPECIAL = re.compile('[",\r\n]')


def write_cell(text: str) -> str:
    """A cell of CSV, quoted where it has to be, and no formula."""
    text = escape_formula(text)
    return quote(text) if _SPECIAL.search(text) else text


def quote(text: str) -> str:
    """A cell in quotes."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def write_numbers(numbers: Sequence[float]) -> list[str]:
    """Each number with as many digits as it takes to get the same float64 back."""
    return orjson.dumps(numbers).decode()[1:-1].split(",") if numbers else []


def write_error(field: str, reason: str) -> str:
    """Why a row was not scored. field: "" where it is about the row as a whole."""
    return f"{field}: {reason}".lstrip(": ")


def name_columns(schema: Schema, names: Sequence[str]) -> list[str]:
    """The names of columns of Lifeboat's own: a target may have the name of one of them."""
    own = own_names(names, {fold(schema.target.name)})
    return [own[name] for name in names]


def name_explanation(schema: Schema) -> list[str]:
    """The columns of an explanation: the base, then what each feature contributed."""
    return [*name_columns(schema, ["base_probability"]), *(f"contribution_{name}" for name in schema.names)]


def write_explanation(explanation: Explanation) -> list[Sequence[str]]:
    """The cells of the columns that `name_explanation` names, column by column."""
    contributions = explanation.contributions
    base = repr(explanation.base)
    return [[*repeat(base, len(contributions))], *map(write_numbers, contributions.T.tolist())]


def name_kept(names: Sequence[str], answers: Collection[str]) -> list[str]:
    """The names of the columns that came in: one named as an answer is told apart."""
    taken = {*map(fold, answers)}
    return [f"sent_{name}" if fold(name) in taken else name for name in names]
