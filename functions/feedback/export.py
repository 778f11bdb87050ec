"""Labelled predictions as a CSV that `core.schema.table` reads again, as a dataset."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from functions.core.base.formulas import harmless
from functions.core.predictions.labels import Label
from functions.core.predictions.records import Value
from functions.core.schema.names import own_names
from functions.core.schema.schema import Schema
from functions.feedback.log_object import Logged

# A row has some 150 bytes; an answer of Lambda may have 6 MiB.
MAX_ROWS = 20_000


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
) -> Export:
    """Up to `limit` labelled predictions after the id `after`, oldest first, each with the label that counts.

    labels: by prediction id, oldest first.
    """
    labelled = sorted(
        (one for one in predictions if one.prediction_id in labels and one.prediction_id > (after or "")),
        key=lambda prediction: prediction.prediction_id,
    )
    page = labelled[:limit]
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(map(harmless, columns(schema)))
    outcome_cells = schema.target.cells()
    for record in (prediction.record for prediction in page):
        label = labels[record.prediction_id][-1]
        rows.writerow(
            [
                record.prediction_id,
                *(_cell(record.features.get(name)) for name in schema.names),
                harmless(outcome_cells[label.outcome]),
                harmless(label.source),
                label.labelled_at.isoformat(),
                record.version,
            ]
        )
    return Export(text.getvalue(), page[-1].prediction_id if len(labelled) > limit else None)


def columns(schema: Schema) -> list[str]:
    """The header: the features and the target by their names, and what tells of prediction and label."""
    taken = {*schema.accepted, *schema.target_spellings}
    names = own_names(("prediction_id", "source", "labelled_at", "version"), taken)
    id_, *about = names.values()
    return [id_, *schema.names, schema.target.name, *about]


def _cell(value: Value) -> str:
    if value is None:
        return ""
    # Nine digits are enough to tell any float32 from its neighbours.
    return harmless(value) if isinstance(value, str) else f"{value:.9g}"
