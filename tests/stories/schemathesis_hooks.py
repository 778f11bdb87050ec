"""What schemathesis cannot learn from the document: how a table looks, which models and versions exist."""

import os
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation import GenerationMode

from functions.predict.native.routes import MAX_EXPLAINED
from tests.support.titanic import MODEL

Case = schemathesis.Case[Any]

VERSIONS = os.environ["VERSIONS"].split()
KNOWN = dict.fromkeys(("version", "left", "right", "to"), VERSIONS)
# In a path, a version of the default model can stand in the place of a name; in a query it is a version.
KNOWN_IN_PATHS = KNOWN | {"name": [MODEL], "model": [MODEL, *VERSIONS]}
CELLS = {
    "pclass": ["1", "2", "3"],
    "sex": ["female", "male"],
    "Age": ["", "?", "29", "0.75", "120"],
    "fare": ["", "0", "211.34", "1e3"],
    "embarked": ["", "C", "Q", "S"],
    "cabin": ["", "B5", "C22 C26"],
}


@schemathesis.hook
def map_case(_context: schemathesis.HookContext, case: Case) -> Case:
    """Send what the document asks for and cannot describe. What is meant to be wrong stays as it is."""
    if case.media_type == "text/csv" and not _is_wrong(case, ParameterLocation.BODY):
        case.body = _table(str(case.body))
    rows = case.body.get("rows", case.body.get("passengers")) if isinstance(case.body, dict) else None
    if isinstance(rows, list) and len(rows) > MAX_EXPLAINED:
        case.query.pop("explain", None)
    if "keep" in case.query and not _is_wrong(case, ParameterLocation.QUERY):
        # Columns of a table: of rows in JSON there are none.
        if case.media_type == "text/csv":
            case.query["keep"] = ["cabin"]
        else:
            del case.query["keep"]
    # Deleting them is left to the stateful phase, which finds them in answers: they are needed until then.
    if case.method != "DELETE":
        for location, values in (
            (ParameterLocation.PATH, case.path_parameters),
            (ParameterLocation.QUERY, case.query),
            (ParameterLocation.BODY, case.body),
        ):
            if isinstance(values, dict) and not _is_wrong(case, location):
                known = KNOWN_IN_PATHS if location is ParameterLocation.PATH else KNOWN
                values.update(
                    {name: _existing(values[name], known[name]) for name in known.keys() & values.keys()}
                )
    return case


def _table(seed: str) -> str:
    """A CSV of a few rows, in one of the spellings that are accepted: the same for the same seed."""
    random = np.random.default_rng([*seed.encode(errors="replace")])

    def one_of(several: Sequence[str]) -> str:
        return several[int(random.integers(len(several)))]

    separator = one_of(",;\t")
    lines = [[one_of(cells) for cells in CELLS.values()] for _ in range(random.integers(1, 21))]
    return "\n".join(separator.join(line) for line in [list(CELLS), *lines])


def _existing(value: Any, known: Sequence[str]) -> Any:
    """One of those that are known, for every other value: the same for the same value."""
    choices = [*known, *[value] * len(known)]
    return choices[zlib.crc32(str(value).encode(errors="replace")) % len(choices)]


@schemathesis.check
def only_with_partial_are_bad_rows_passed_over(
    _context: schemathesis.CheckContext, response: schemathesis.Response, case: Case
) -> None:
    """In place of `negative_data_rejection`, which does not know that a query can allow a bad body."""
    accepted = case.path.endswith("/predict/batch") and response.status_code == 200
    if accepted and _is_wrong(case, ParameterLocation.BODY):
        assert str(case.query.get("partial")).lower() in {"1", "on", "t", "true", "y", "yes"}


def _is_wrong(case: Case, location: ParameterLocation) -> bool:
    """Whether this part of the case is not as the document says."""
    part = case.meta.components.get(location) if case.meta else None
    return part is not None and part.mode is GenerationMode.NEGATIVE
