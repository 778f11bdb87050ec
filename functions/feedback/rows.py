"""Equal rows are one: what a person would be shown twice is asked about once.

A client that tries again, or a table that is scored every night, has the same row predicted many times. The
queue hands such a row out once, as its newest prediction; a label of any of its predictions is taken for one
of the row, so that nobody is asked again. The label itself stays one record, of one prediction: in a dataset
it is one row, and in live quality one label, however often the row was asked about.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from functions.core.predictions.labels import Label
from functions.feedback.log_object import Logged


@dataclass(slots=True)
class Row:
    """A row that was asked about. newest: its last prediction. predictions: how many there are of it. keys:
    the ids of the keys that have labelled any of these; unsure: of those that said they do not know."""

    newest: Logged
    predictions: int = 1
    keys: frozenset[str] = frozenset()
    unsure: frozenset[str] = frozenset()

    @property
    def answered(self) -> frozenset[str]:
        """The ids of the keys that have had their say."""
        return self.keys | self.unsure

    @property
    def prediction_id(self) -> str:
        return self.newest.prediction_id

    @property
    def probability(self) -> float:
        return self.newest.probability


def rows_of(
    predictions: Iterable[Logged],
    labels: Mapping[str, Sequence[Label]],
    unsure: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> dict[int, Row]:
    """The rows that were asked about, by their number, in the order of their first predictions.

    predictions: oldest first. labels: by prediction id. unsure: the keys that do not know, likewise.
    """
    rows: dict[int, Row] = {}
    for prediction in predictions:
        row = rows.get(prediction.row)
        if row is None:
            row = rows[prediction.row] = Row(prediction)
        else:
            row.newest = prediction
            row.predictions += 1
        if given := labels.get(prediction.prediction_id):
            row.keys |= {label.key_id for label in given}
        if keys := unsure.get(prediction.prediction_id):
            row.unsure |= keys
    return rows
