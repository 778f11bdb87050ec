"""Labelled predictions as a CSV that `core.schema.tables.table` reads again, as a dataset."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from functions.core.base.formulas import escape_formula
from functions.core.predictions.labels import Label
from functions.core.predictions.records import Value
from functions.core.schema.names import own_names
from functions.core.schema.schema import Schema
from functions.feedback.log_object import Logged

# A row of a dozen features has some 150 bytes.
MAX_ROWS = 20_000
# An answer of Lambda may have 6 MiB, in which the end of a line and a quotation mark count twice.
MAX_BYTES = 4 * 2**20
# Each is in an object of its own, of which eight are read at once, in 25 ms each: six seconds.
MAX_NOTES = 2_000
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Export:
    """`next` is the id to go on after; None at the end."""

    csv: str
    next: str | None


def export(
    predictions: Iterable[Logged],
    labels: Mapping[str, Sequence[Label]],
    schema: Schema,
    *,
    limit: int,
    after: str | None = None,
    read_note: Callable[[Label], str],
) -> Export:
    """Up to `limit` labelled predictions after the id `after`, oldest first, each with the label that counts.
    Fewer where more than `MAX_NOTES` of them have a note, or they would have more than `MAX_BYTES`.

    labels: by prediction id, oldest first. read_note: the note of a label.
    """
    labelled = sorted(
        (
            logged
            for logged in predictions
            if logged.prediction_id in labels and logged.prediction_id > (after or "")
        ),
        key=lambda prediction: prediction.prediction_id,
    )
    page = _with_few_notes([(logged, labels[logged.prediction_id][-1]) for logged in labelled[:limit]])
    with ThreadPoolExecutor(_AT_ONCE) as readers:
        notes = list(readers.map(lambda row: read_note(row[1]) if row[1].noted else "", page))
    text = io.BytesIO()
    rows = csv.writer(io.TextIOWrapper(text, "utf-8", newline="", write_through=True), lineterminator="\n")
    rows.writerow(map(escape_formula, columns(schema)))
    outcome_cells = schema.target.cells()
    written: list[Logged] = []
    for (prediction, label), note in zip(page, notes, strict=True):
        if written and text.tell() > MAX_BYTES:
            break
        written.append(prediction)
        record = prediction.record
        rows.writerow(
            [
                record.prediction_id,
                *(_cell(record.features.get(name)) for name in schema.names),
                escape_formula(outcome_cells[label.outcome]),
                escape_formula(label.source),
                label.labelled_at.isoformat(),
                record.version,
                escape_formula(record.reference or ""),
                escape_formula(note),
            ]
        )
    last = written[-1].prediction_id if len(labelled) > len(written) else None
    return Export(text.getvalue().decode(), last)


def _with_few_notes(page: list[tuple[Logged, Label]]) -> list[tuple[Logged, Label]]:
    """The rows up to the one before there would be more than `MAX_NOTES` notes."""
    notes = 0
    for index, (_, label) in enumerate(page):
        notes += bool(label.noted)
        if notes > MAX_NOTES:
            return page[:index]
    return page


def columns(schema: Schema) -> list[str]:
    """The header: the features and the target by their names, and what tells of prediction and label."""
    taken = {*schema.accepted, *schema.target_spellings}
    names = own_names(("prediction_id", "source", "labelled_at", "version", "reference", "note"), taken)
    id_, *about = names.values()
    return [id_, *schema.names, schema.target.name, *about]


def _cell(value: Value) -> str:
    if value is None:
        return ""
    # Nine digits are enough to tell any float32 from its neighbours.
    return escape_formula(value) if isinstance(value, str) else f"{value:.9g}"
