"""The fitted scikit-learn pipeline, as each peer loads it and asks it."""

from typing import Any

import joblib
from functions.core.schema.passenger import Passenger

from functions.core.schema.columns import to_columns
from training.dataset import Matrix, to_matrix

# In the folder that the peers are started in.
FILE = "pipeline.joblib"


def load_pipeline() -> Any:
    """The estimator of `training.train.Trained`, which takes rows of `training.dataset.Dataset.matrix`."""
    return joblib.load(FILE)


def probability(pipeline: Any, passenger: Passenger) -> float:
    """Of survival, 0 to 1."""
    return float(pipeline.predict_proba(to_matrix(to_columns([passenger])))[0, 1])


def matrix_of_frame(frame: Any) -> Matrix:
    """The rows of a pandas data frame, which is what MLflow makes of a request, for the pipeline."""
    rows = frame.to_dict("records")
    known = [{name: value for name, value in row.items() if value == value} for row in rows]
    return to_matrix(to_columns([Passenger.model_validate(row) for row in known]))
