"""Load a model by MLflow alone and score rows: `load_and_score.py URI`, rows as JSON on standard input."""

import json
import sys

import mlflow.onnx
import mlflow.pyfunc
import pandas as pd

uri, rows = sys.argv[1], json.load(sys.stdin)
model = mlflow.pyfunc.load_model(uri)
frame = pd.DataFrame(rows)
# MLflow takes neither integers for doubles nor the other way round; the API has but numbers.
kinds = {"double": "float64", "long": "int64"}
for column in model.metadata.signature.inputs:
    if column.name in frame and column.type.name in kinds:
        frame[column.name] = frame[column.name].astype(kinds[column.type.name])
print(
    json.dumps(
        {
            "answers": json.loads(model.predict(frame).to_json(orient="records", double_precision=15)),
            "probability": model.predict(frame)["probability"].tolist(),
            "example": model.predict(model.input_example)["probability"].tolist(),
            "required": model.metadata.signature.inputs.required_input_names(),
            "optional": model.metadata.signature.inputs.optional_input_names(),
            "uuid": model.metadata.model_uuid,
            "graph": type(mlflow.onnx.load_model(uri)).__name__,
        }
    )
)
