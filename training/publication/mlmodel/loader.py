"""Scores the rows of a frame by the graph of the folder that this lies in: MLflow's python_function.

It lies in `code.zip` beside the graph, as `lifeboat_model`, with the modules that it imports. MLflow's own
loader of graphs cannot serve these: it gives them columns without the second dimension that they take, leaves
missing texts as they are, fails where a column is left out, and has no place for two probabilities of a row.
"""

import json
from pathlib import Path
from typing import Any

from functions.core.schema.columns import to_columns
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import Schema
from functions.core.scoring.scorer import Scorer

_MAX_FAULTS = 10


class RowModel:
    """A graph with the schema of its rows."""

    def __init__(self, graph: bytes, schema: Schema) -> None:
        self._scorer = Scorer(graph, schema)
        self._reader = RowReader(schema)

    def predict(self, frame: Any) -> Any:
        """The answer and the probability of the positive value for each row of a DataFrame, as a DataFrame.

        frame: the columns of the signature; what is NaN, None or NA, and a column that is not there, is
        missing. Rows are read as those of requests are. Raises `ValueError` for what a row cannot have.
        """
        schema, rows, faults = self._reader.schema, [], []
        plain = frame.astype(object).where(frame.notna(), None)
        for number, sent in enumerate(plain.to_dict("records")):
            row = self._reader.read(sent)
            rows.append(row.values)
            faults += [f"row {number}: {fault.field} {fault.msg}" for fault in row.faults]
        if faults:
            more = f"; and {len(faults) - _MAX_FAULTS:,} more" if len(faults) > _MAX_FAULTS else ""
            raise ValueError("; ".join(faults[:_MAX_FAULTS]) + more)
        label, probability = self._scorer.run(to_columns(rows, schema))
        answers = [schema.target.answers[outcome] for outcome in label.tolist()]
        return type(frame)(
            {schema.target.name: answers, "probability": probability.tolist()}, index=frame.index
        )


def _load_pyfunc(path: str) -> RowModel:
    """What MLflow calls. path: of the graph, in the folder of a version.

    The manifest says what a row is. It is written last: a version that is not published does not load.
    """
    graph = Path(path).read_bytes()
    manifest = json.loads(Path(path).with_name("manifest.json").read_bytes())
    return RowModel(graph, parse_schema(manifest["schema"]))
