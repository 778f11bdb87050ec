"""A version's folder in the store is a model of MLflow, which answers as the API does, to the last bit."""

import json
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import training
from functions.core.registry import versions
from functions.core.schema.columns import to_columns
from functions.core.schema.rows import RowReader
from functions.core.scoring.scorer import Scorer
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC, Call
from tests.mlflow.environment import free_port, mlflow_serving, run_program
from tests.support.buckets import new_bucket
from tests.support.titanic import MODEL, SCHEMA, people, row

BUCKET = "lifeboat-mlflow"
# Texts that the API reads, and values that are missing in every way that JSON has.
ROWS = [
    row(),
    row(age=None, embarked=None),
    row(sex="F", fare=None, title="Mrs"),
    {"pclass": 1, "sex": "female", "name": "Allen, Miss. Elisabeth Walton"},
    *(passenger for passenger, _ in people(60, seed=7)),
]


@pytest.fixture(scope="module")
def folder(published: Path) -> Path:
    [folder] = (published / "models" / MODEL).iterdir()
    return folder


@pytest.fixture
def said(call: Call) -> list[dict[str, Any]]:
    """What the API says of each row, one request a row."""
    return [call("POST", "/predict", json.dumps(sent))[1] for sent in ROWS]


def test_mlflow_loads_a_version_from_the_store_and_answers_as_the_api(
    folder: Path, said: list[dict[str, Any]], endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with new_bucket(BUCKET) as s3:
        for file in folder.iterdir():
            s3.put_object(
                Bucket=BUCKET, Key=f"models/{MODEL}/{folder.name}/{file.name}", Body=file.read_bytes()
            )
        read = run_program(
            "load_and_score",
            f"s3://{BUCKET}/models/{MODEL}/{folder.name}",
            sent=ROWS,
            MLFLOW_S3_ENDPOINT_URL=endpoint,
            AWS_ACCESS_KEY_ID="testing",
            AWS_SECRET_ACCESS_KEY="testing",
            AWS_DEFAULT_REGION="us-east-1",
        )
    assert read["probability"] == [answer["probability"] for answer in said]
    assert [answer["survived"] for answer in read["answers"]] == [answer["survived"] for answer in said]
    assert set(read["required"]) == {field.name for field in SCHEMA.features if field.required}
    assert {"age", "title", "name"} <= set(read["optional"])
    assert read["uuid"] == folder.name * 2
    assert read["graph"] == "ModelProto"


def test_the_example_of_a_version_is_a_row_that_it_scores(folder: Path, call: Call) -> None:
    read = run_program("load_and_score", str(folder), sent=[row()])
    _, answer = call("POST", "/predict", json.dumps(SCHEMA.example()))
    assert read["example"] == [answer["probability"]]


def test_a_model_that_multiplies_gives_a_row_the_same_bits_alone_and_among_others(tmp_path: Path) -> None:
    """onnxruntime multiplies a single row by other code than many: one in six has another last bit."""
    frame = pd.read_csv(TITANIC)[["age", "fare", "survived"]]
    linear = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    outcome = training.publish(linear, frame, target="survived", name="linear", store=str(tmp_path))
    rows = [{"age": 1.5 * number, "fare": 7.1 * number} for number in range(1, 9)]
    folder = str(tmp_path / "models" / "linear" / str(outcome.version))
    together = run_program("load_and_score", folder, sent=rows)["probability"]
    assert run_program("load_and_score", folder, sent=rows[:1])["probability"] == together[:1]
    model = ModelStore(FolderStore(str(tmp_path)), "linear")
    manifest = versions.read_manifest(model, str(outcome.version))
    reader = RowReader(manifest.schema_of_rows)
    columns = to_columns([reader.read(sent).values for sent in rows], manifest.schema_of_rows)
    scorer = Scorer(versions.read_model(model, manifest), manifest.schema_of_rows)
    assert together == scorer.run(columns).probability.tolist()


def test_mlflow_serves_a_version_as_it_lies_and_answers_as_the_api(
    folder: Path, said: list[dict[str, Any]], tmp_path: Path
) -> None:
    served = mlflow_serving(
        "models", "serve", "--model-uri", folder, "--env-manager", "local",
        port=free_port(), path="/ping", log=tmp_path / "serve.log", variables={},
    )  # fmt: skip
    with served as address, httpx.Client(base_url=address, timeout=60) as client:
        each = [client.post("/invocations", json={"dataframe_records": [sent]}).json() for sent in ROWS]
        together = client.post("/invocations", json={"dataframe_records": ROWS}).json()["predictions"]
        example = json.loads((folder / "serving_input_example.json").read_bytes())
        assert client.post("/invocations", json=example).status_code == 200
        refused = client.post("/invocations", json={"dataframe_records": [row(sex="femal")]})
        lacking = client.post("/invocations", json={"dataframe_records": [{"age": 3}]})
    expected = [{name: answer[name] for name in ("survived", "probability")} for answer in said]
    assert together == expected
    assert [answer["predictions"][0] for answer in each] == expected
    assert refused.status_code == lacking.status_code == 400
    assert "row 0: sex must be female or male" in refused.text
    assert "missing inputs" in lacking.text
