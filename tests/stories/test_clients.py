"""Clients that others wrote, against the API as `make run` serves it; and all ways lead to one answer."""

import csv
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from tritonclient import http as triton
from tritonclient.utils import InferenceServerException

from functions.core.registry.comparison import Holdout
from functions.core.registry.deployment import read_champion
from functions.core.registry.keys import holdout_key
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.conftest import EVENTS
from tests.stories.local_stack import Stack, local_stack
from tests.support.titanic import MODEL, SCHEMA

pytestmark = pytest.mark.long

Row = dict[str, Any]
Rows = list[Row]


@pytest.fixture(scope="module")
def stack(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("run")
    store = shutil.copytree(published, folder / "store")
    with local_stack(store, folder) as stack:
        yield stack


@pytest.fixture(scope="module")
def api(stack: Stack) -> Iterator[httpx.Client]:
    # The API is on this machine: a proxy from the environment does not know it.
    with httpx.Client(base_url=stack.api, headers=stack.headers, timeout=60, trust_env=False) as client:
        yield client


@pytest.fixture
def client(stack: Stack) -> Iterator[triton.InferenceServerClient]:
    client = triton.InferenceServerClient(stack.api.removeprefix("http://"))
    yield client
    client.close()


@pytest.fixture(scope="module")
def version(published: Path) -> str:
    return read_champion(ModelStore(FolderStore(str(published)), MODEL))[0].version


@pytest.fixture(scope="module")
def holdout(published: Path, version: str) -> Holdout:
    body = ModelStore(FolderStore(str(published)), MODEL).get(holdout_key(version)).body
    return Holdout.model_validate_json(body)


@pytest.fixture(scope="module")
def rows(holdout: Holdout) -> Rows:
    return [dict(zip(holdout.features, row, strict=True)) for row in holdout.rows()]


def one_by_one(api: httpx.Client, rows: Rows) -> list[float]:
    return [api.post("/predict", json=row).raise_for_status().json()["probability"] for row in rows]


def tensors(rows: Rows, *, binary: bool) -> list[triton.InferInput]:
    """What a user of Triton's client makes of the passengers, with NaN and "" for what is missing."""
    found = []
    for field in SCHEMA.features:
        name, categories = field.name, field.words
        column = [row[name] for row in rows]
        values = (
            np.array([[value or ""] for value in column], dtype=np.object_)
            if categories
            else np.array(column, dtype=np.float32).reshape(-1, 1)
        )
        tensor = triton.InferInput(name, list(values.shape), "BYTES" if categories else "FP32")
        found.append(tensor.set_data_from_numpy(values, binary_data=binary))
    return found


def test_triton_finds_a_live_server_and_learns_what_it_serves(
    client: triton.InferenceServerClient, stack: Stack, version: str
) -> None:
    # Health is open, all else takes a key.
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("titanic", headers=stack.headers)
    assert client.is_model_ready("titanic", version, headers=stack.headers)
    assert not client.is_model_ready("titanic", "0123456789abcdef", headers=stack.headers)
    assert client.get_server_metadata(headers=stack.headers)["name"] == "lifeboat"
    metadata = client.get_model_metadata("titanic", headers=stack.headers)
    assert metadata["versions"] == [version]
    assert [tensor["name"] for tensor in metadata["inputs"]] == list(SCHEMA.names)


@pytest.mark.parametrize("binary", [True, False])
def test_triton_infers_a_hundred_passengers_as_predict_does(
    client: triton.InferenceServerClient, stack: Stack, api: httpx.Client, rows: Rows, binary: bool
) -> None:
    hundred = rows[:100]
    result = client.infer("titanic", tensors(hundred, binary=binary), request_id="42", headers=stack.headers)
    expected = np.array(one_by_one(api, hundred), dtype=np.float32)
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (100, 2)
    assert (probabilities[:, 1] == expected).all()
    assert (result.as_numpy("label") == (expected > 0.5)).all()
    assert result.get_response()["id"] == "42"


def test_triton_may_ask_a_version_for_some_outputs(
    client: triton.InferenceServerClient, stack: Stack, rows: Rows, version: str
) -> None:
    outputs = [triton.InferRequestedOutput("prediction_id"), triton.InferRequestedOutput("label")]
    result = client.infer(
        "titanic", tensors(rows, binary=True), version, outputs=outputs, headers=stack.headers
    )
    assert len(set(result.as_numpy("prediction_id"))) == len(rows)
    assert result.as_numpy("probabilities") is None
    assert result.get_response()["model_version"] == version


def test_triton_shows_its_user_what_is_wrong(
    client: triton.InferenceServerClient, stack: Stack, rows: Rows
) -> None:
    old = [rows[0], rows[1] | {"age": 130}]
    with pytest.raises(InferenceServerException, match="row 2, age: must be a number from 0") as caught:
        client.infer("titanic", tensors(old, binary=True), headers=stack.headers)
    assert caught.value.status() == "400"
    with pytest.raises(InferenceServerException, match="no model of that name"):
        client.infer("lusitania", tensors(rows, binary=True), headers=stack.headers)
    with pytest.raises(InferenceServerException, match="key") as caught:
        client.infer("titanic", tensors(rows, binary=True))
    assert caught.value.status() == "401"


def test_what_mlflows_client_sends_is_answered_alike(api: httpx.Client) -> None:
    # Recorded from `mlflow.pyfunc.scoring_server.client` 3.17 and pandas' `to_csv`, for the same DataFrame.
    answers = []
    for file in sorted(EVENTS.glob("mlflow*")):
        kind = "text/csv" if file.suffix == ".csv" else "application/json"
        response = api.post("/invocations", content=file.read_bytes(), headers={"content-type": kind})
        answers.append([one["probability"] for one in response.raise_for_status().json()["predictions"]])
    text = (EVENTS / "mlflow.csv").read_text()
    rows = [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(io.StringIO(text))]
    numbers = {"pclass", "age", "sibsp", "parch", "fare"}
    people = [{name: float(cell) if name in numbers else cell for name, cell in row.items()} for row in rows]
    assert answers == [one_by_one(api, people)] * 5


def as_csv(rows: Rows) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, SCHEMA.names)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_every_way_leads_to_the_same_probabilities_to_the_last_bit(
    api: httpx.Client, client: triton.InferenceServerClient, stack: Stack, holdout: Holdout, rows: Rows
) -> None:
    def batch(body: str, kind: str, accept: str) -> httpx.Response:
        headers = {"content-type": kind, "accept": accept}
        return api.post("/predict/batch", content=body, headers=headers).raise_for_status()

    as_json = json.dumps({"passengers": rows})
    table = batch(as_json, "application/json", "text/csv").text
    ways = {
        "predict": one_by_one(api, rows),
        "batch JSON": [
            one["probability"]
            for one in batch(as_json, "application/json", "application/json").json()["predictions"]
        ],
        "batch CSV": [
            one["probability"]
            for one in batch(as_csv(rows), "text/csv", "application/json").json()["predictions"]
        ],
        "answered in CSV": [row["probability"] for row in csv.DictReader(io.StringIO(table))],
        "v2": client.infer("titanic", tensors(rows, binary=True), headers=stack.headers)
        .as_numpy("probabilities")[:, 1]
        .tolist(),
        "invocations": [
            one["probability"]
            for one in api.post("/invocations", json={"instances": rows}).json()["predictions"]
        ],
    }
    bits = {way: np.array(found, dtype=np.float32).tobytes() for way, found in ways.items()}
    # What the certificate was made with, too.
    trained = np.array(holdout.probability, dtype=np.float32).tobytes()
    assert len(trained) == 4 * len(rows) == 4 * 246
    assert bits == dict.fromkeys(bits, trained)
