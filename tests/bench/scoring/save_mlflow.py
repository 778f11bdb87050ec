"""Save the pipeline for `mlflow models predict`: `python -m tests.bench.scoring.save_mlflow FOLDER`.

https://mlflow.org/docs/latest/ml/traditional-ml/sklearn/
"""

import sys

import mlflow.sklearn
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from tests.bench.scoring.frames import load_pipeline, matrix_of_frame

mlflow.sklearn.save_model(
    Pipeline([("matrix", FunctionTransformer(matrix_of_frame)), ("pipeline", load_pipeline())]),
    sys.argv[1],
    pyfunc_predict_fn="predict_proba",
    # MLflow's own format takes trees only when it is told to trust them.
    serialization_format="cloudpickle",
    # The lock says what is needed; nothing has to be guessed from what is imported.
    pip_requirements=[],
)
