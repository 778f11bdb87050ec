"""Save the pipeline for `mlflow models serve`: `python -m tests.bench.peers.save_mlflow FOLDER`.

https://mlflow.org/docs/latest/ml/traditional-ml/sklearn/
"""

import sys

import mlflow.sklearn
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.bench.peers.pipeline import load_pipeline, matrix_of_frame
from tests.support.titanic import SCHEMA

_KINDS = {"number": "double", "integer": "long", "string": "string"}

columns = [ColSpec(_KINDS[field.type], field.name, required=field.required) for field in SCHEMA.features]
mlflow.sklearn.save_model(
    Pipeline([("matrix", FunctionTransformer(matrix_of_frame)), ("pipeline", load_pipeline())]),
    sys.argv[1],
    signature=ModelSignature(inputs=Schema(columns)),
    pyfunc_predict_fn="predict_proba",
    # As the others have it; MLflow's own format takes trees only when it is told to trust them.
    serialization_format="cloudpickle",
    # The lock says what is needed; nothing has to be guessed from what is imported.
    pip_requirements=[],
)
