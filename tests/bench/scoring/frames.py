"""Rows of the shipped table as pandas reads them, for the pipeline that the champion was made of.

Whole columns at once, as one who knows pandas would write it, and without any check of what stands in them.
"""

from typing import Any

import joblib
import numpy as np

from tests.support.titanic import SCHEMA
from training.table.matrix import Matrix, to_matrix

# In the folder that whatever scores is started in.
FILE = "pipeline.joblib"
COLUMNS = ["pclass", "name", "sex", "age", "sibsp", "parch", "fare", "embarked"]
_TITLE = r",\s*([^.,\s][^.,]{0,29})\."


def load_pipeline() -> Any:
    """The estimator of `training.model.train.Trained`."""
    return joblib.load(FILE)


def matrix_of_frame(frame: Any) -> Matrix:
    """The rows of a data frame that has `COLUMNS`, float32 [N, F]."""
    [derived] = SCHEMA.derived
    titles = frame["name"].str.extract(_TITLE, expand=False).str.strip().str.casefold().map(derived.words)
    columns = {}
    for field in SCHEMA.features:
        values = titles if field.name == derived.name else frame[field.name]
        if field.words is None:
            columns[field.name] = values.to_numpy(np.float32)[:, None]
        else:
            columns[field.name] = values.fillna("").to_numpy(object)[:, None]
    return to_matrix(columns, SCHEMA)
