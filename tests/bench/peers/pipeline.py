"""The fitted scikit-learn pipeline, as each peer loads it and asks it."""

from typing import Any

import joblib

from functions.core.schema.columns import from_values
from tests.bench.peers.passenger import Passenger
from tests.support.titanic import SCHEMA
from training.table.matrix import Matrix, to_matrix

# In the folder that the peers are started in.
FILE = "pipeline.joblib"


def load_pipeline() -> Any:
    """The estimator of `training.model.train.Trained`, which takes rows of
    `training.table.dataset.Dataset.matrix`."""
    return joblib.load(FILE)


def probability(pipeline: Any, passenger: Passenger) -> float:
    """Of a positive outcome, 0 to 1."""
    return float(pipeline.predict_proba(_matrix([passenger]))[0, 1])


def matrix_of_frame(frame: Any) -> Matrix:
    """The rows of a pandas data frame, which is what MLflow makes of a request, for the pipeline."""
    rows = frame.to_dict("records")
    known = [{name: value for name, value in row.items() if value == value} for row in rows]
    return _matrix([Passenger.model_validate(row) for row in known])


def _matrix(passengers: list[Passenger]) -> Matrix:
    values = {name: [getattr(passenger, name) for passenger in passengers] for name in SCHEMA.names}
    return to_matrix(from_values(values, SCHEMA), SCHEMA)
