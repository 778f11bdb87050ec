"""Any number of models behind one function: each by its own schema, none in the way of another."""

import csv
import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from functions.core.base.errors import StoreUnavailable
from functions.core.predictions.writing import PredictionLog
from functions.core.registry.serving import ServedVersion
from functions.core.schema.document.parsing import parse_schema
from functions.core.schema.rows import RowReader
from functions.core.schema.schema import fold
from functions.core.scoring.explain import Explanation
from functions.core.storage.contract import Blob
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.predict import service
from functions.predict.answers import batch_as_csv
from functions.predict.champion import Loaded
from functions.predict.handler import full_app, handler
from functions.predict.rows import RowError, Rows
from functions.predict.scoring import Scored
from tests.support import gateway
from tests.support.training import QUICK
from training.publication.upload import train_and_publish
from training.table.provenance import Upload

CHURN = parse_schema(
    {
        "rowName": {"one": "customer", "many": "customers"},
        "fields": [
            {"name": "monthly charges", "type": "number", "constraints": {"required": True}},
            {"name": "contract", "type": "string", "categories": ["month, to month", "one year"]},
            {"name": "paperless", "type": "boolean"},
            {"name": "churned", "type": "string", "categories": ["no", "yes"]},
        ],
        "target": {"field": "churned", "positive": "yes"},
    }
)
CUSTOMER = {"MonthlyCharges": 95.5, "contract": "Month, to month", "paperless": True}


@pytest.fixture(scope="module")
def both(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two champions: the Titanic's, and one of customers who leave."""
    folder = tmp_path_factory.mktemp("both")
    shutil.copytree(published, folder, dirs_exist_ok=True)
    draw = np.random.default_rng(0)
    table = folder.parent / "churn.csv"
    with table.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([field.name for field in CHURN.fields])
        for _ in range(400):
            charges, monthly = draw.uniform(20, 120), draw.random() < 0.5
            left = draw.random() < 1 / (1 + np.exp(-(charges - 70) / 15 - (1 if monthly else -1)))
            contract = "month, to month" if monthly else "one year"
            rows.writerow([f"{charges:.2f}", contract, draw.integers(2), "yes" if left else "no"])
    store = ModelStore(FolderStore(str(folder)), "churn")
    upload = Upload(store.full("datasets/churn.csv"), datetime.now(UTC))
    outcome = train_and_publish(store, upload, table, by="test", schema=CHURN, configuration=QUICK)
    assert outcome.status == "promoted", outcome.decision.reason
    return folder


@pytest.fixture
def store(both: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderStore]:
    """A copy of `both`, which the function reads."""
    shutil.copytree(both, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("LIFEBOAT_STORE", str(tmp_path))
    service.service.cache_clear()
    yield FolderStore(str(tmp_path))
    service.service.cache_clear()


def call(method: str, path: str, body: Any = None, **options: Any) -> tuple[int, dict[str, Any]]:
    """One request; status, and the JSON of the answer."""
    text = body if isinstance(body, str | None) else json.dumps(body)
    answer = gateway.send(handler, method, path, text, **options)
    return answer["statusCode"], json.loads(answer["body"])


def test_each_model_answers_by_its_own_schema_under_its_own_words(store: FolderStore) -> None:
    status, answer = call("POST", "/models/churn/predict", CUSTOMER)
    assert (status, answer["churned"], answer["model"]["name"]) == (200, "yes", "churn")
    assert "survived" not in answer
    _, titanic = call("POST", "/models/titanic/predict", {"pclass": 1, "sex": "female"})
    _, default = call("POST", "/predict", {"pclass": 1, "sex": "female"})
    assert titanic["probability"] == default["probability"]
    assert titanic["survived"] is True


def test_the_fast_path_takes_any_model(store: FolderStore) -> None:
    full_app.cache_clear()
    route = {"route": "POST /models/{model}/predict", "pathParameters": {"model": "churn"}}
    status, answer = call("POST", "/models/churn/predict", CUSTOMER, **route)
    assert (status, answer["model"]["name"]) == (200, "churn")
    assert full_app.cache_info().currsize == 0
    status, answer = call("POST", "/models/churn/predict", {"contract": "one year"}, **route)
    assert (status, answer["detail"]) == (
        422,
        [{"loc": ["body", "monthly charges"], "msg": "is required", "type": "missing"}],
    )


def test_a_batch_in_both_forms(store: FolderStore) -> None:
    _, answer = call(
        "POST", "/models/churn/predict/batch", {"customers": [CUSTOMER, {"monthly_charges": 20}]}
    )
    assert [row["churned"] for row in answer["predictions"]] == ["yes", "no"]
    table = 'monthly.charges;CONTRACT;plan\n"95,5";month, to month;x\n20;one year;y\n'
    headers = {"content-type": "text/csv", "accept": "text/csv"}
    sent = gateway.send(handler, "POST", "/models/churn/predict/batch", table, headers=headers)
    rows = list(csv.DictReader(sent["body"].splitlines()))
    assert [row["churned"] for row in rows] == ["yes", "no"]
    assert sent["headers"]["x-columns-passed-over"] == "plan"


@pytest.mark.parametrize("explain", ["true", "false"])
def test_where_no_row_of_a_batch_is_good_each_is_told_of(store: FolderStore, explain: str) -> None:
    path = f"/models/churn/predict/batch?partial=true&explain={explain}"
    status, answer = call("POST", path, {"customers": [{"contract": "none"}, {}]})
    assert (status, answer["predictions"]) == (200, [])
    assert [(error["row"], error["msg"]) for error in answer["errors"]] == [
        (1, "must be month, to month or one year"),
        (2, "is required"),
    ]


@pytest.mark.parametrize("target", ["version", "Error", "base probability"])
def test_no_two_columns_of_an_answer_have_one_name(target: str) -> None:
    fields = [{"name": "x", "type": "number"}, {"name": target, "categories": ["1", "2", "3"]}]
    schema = parse_schema({"fields": fields, "target": {"field": target, "positive": "1"}})
    served = ServedVersion("films", "0" * 16, 0.5, schema, "", {}, b"")
    loaded = Loaded(served, cast(Any, None), RowReader(schema), PredictionLog(schema, "films", "0" * 16))
    scored = Scored(["a", "b"], [False, True], [0.25, 0.75])
    explanation = Explanation(0.5, np.array([[-0.25], [0.25]]), np.zeros((2, 1)))
    sent = Rows({}, [1, 3], [RowError(2, "x", "is bad")])
    header, *rows = csv.reader(batch_as_csv(scored, sent, loaded, explanation).decode().splitlines())
    assert len({fold(name) for name in header}) == len(header) == 8
    assert [schema.target.code(row[header.index(target)]) for row in rows] == [0, None, 1]
    assert rows[1] == ["2", "", "", "", "", "", "", "x: is bad"]


def test_the_other_dialects_and_explanations(store: FolderStore) -> None:
    _, answer = call("POST", "/models/churn/predict?explain=true", CUSTOMER)
    contributions = answer["explanation"]["contributions"]
    assert [*contributions] == ["monthly charges", "contract", "paperless"]
    total = answer["explanation"]["base_probability"] + sum(contributions.values())
    assert total == pytest.approx(answer["probability"], abs=1e-6)
    assert "standard_errors" not in answer["explanation"]
    tensors = [
        {"name": "monthly charges", "shape": [1], "datatype": "FP64", "data": [95.5]},
        {"name": "contract", "shape": [1], "datatype": "BYTES", "data": ["month, to month"]},
        {"name": "paperless", "shape": [1], "datatype": "BOOL", "data": [True]},
    ]
    _, inferred = call("POST", "/v2/models/churn/infer", {"inputs": tensors})
    assert inferred["outputs"][1]["data"][1] == answer["probability"]
    _, invoked = call("POST", "/models/churn/invocations", {"instances": [CUSTOMER]})
    assert invoked["predictions"][0]["probability"] == answer["probability"]
    assert call("GET", "/v2/models") == (200, {"models": ["churn", "titanic"]})


def test_lines_of_the_log_name_their_model(store: FolderStore, capsys: pytest.CaptureFixture[str]) -> None:
    call("POST", "/models/churn/predict", CUSTOMER)
    call("POST", "/models/churn/predict", {"contract": "none"})
    call("POST", "/predict", {"pclass": 1, "sex": "female"})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    models = [
        (line["message"], line["model"]) for line in lines if line["message"] in ("prediction", "refusal")
    ]
    assert models == [("prediction", "churn"), ("refusal", "churn"), ("prediction", "titanic")]
    assert next(line["features"] for line in lines if line["message"] == "prediction") == {
        "monthly charges": 95.5,
        "contract": "month, to month",
        "paperless": 1.0,
    }


@pytest.mark.parametrize("name", ["lusitania", "Churn", "a_b", "x" * 50])
def test_a_model_that_is_not_there_is_not_found(store: FolderStore, name: str) -> None:
    status, answer = call("POST", f"/models/{name}/predict", CUSTOMER)
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    assert "GET /models lists those there are" in answer["error"]


def test_names_that_stand_for_nothing_push_no_model_out_of_memory(store: FolderStore) -> None:
    call("POST", "/models/churn/predict", CUSTOMER)
    held = service.service()._champions["churn"]
    for number in range(3 * service.MAX_CHAMPIONS):
        call("POST", f"/models/none-{number}/predict", CUSTOMER)
    assert service.service()._champions == {"churn": held}


def test_a_store_that_cannot_be_asked_about_a_model_is_asked_once_by_a_request(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def get(_: FolderStore, key: str) -> Blob:
        asked.append(key)
        raise StoreUnavailable("the store could not be reached")

    monkeypatch.setattr(FolderStore, "get", get)
    for number in range(2 * service.MAX_CHAMPIONS):
        # The fast path and the application after it, both look for the champion.
        assert call("POST", f"/models/none-{number}/predict", CUSTOMER)[0] == 503
    assert len(asked) == len(set(asked))
    assert len(service.service()._troubled) == service.MAX_CHAMPIONS


@pytest.mark.parametrize("key", ["registry/churn/champion.json", "models/churn/{version}/model.onnx"])
def test_a_damaged_champion_of_one_model_is_no_trouble_of_another(store: FolderStore, key: str) -> None:
    champion = json.loads(store.get("registry/churn/champion.json").body)
    store.put(key.format(version=champion["version"]), b"damaged")
    assert call("POST", "/models/churn/predict", CUSTOMER)[0] == 503
    for _ in range(20):
        assert call("POST", "/predict", {"pclass": 1, "sex": "female"})[0] == 200


def test_a_key_for_some_models_is_refused_at_the_others(store: FolderStore) -> None:
    for path, body, wanted in (
        ("/models/churn/predict", CUSTOMER, 200),
        ("/models/churn/invocations", {"instances": [CUSTOMER]}, 200),
        ("/predict", {"pclass": 1, "sex": "female"}, 403),
        ("/models/titanic/predict", {"pclass": 1, "sex": "female"}, 403),
        ("/v2/models/titanic/infer", {"inputs": []}, 403),
        ("/v2/models/titanic/ready", None, 403),
        ("/openapi.json", None, 200),
        ("/v2/models/churn/ready", None, 200),
    ):
        method = "POST" if body else "GET"
        status, answer = call(method, path, body, models="churn")
        assert status == wanted, path
        if wanted == 403:
            assert answer["error"] == "this key is for other models: churn"
    assert call("GET", "/v2/models", models="churn") == (200, {"models": ["churn"]})


def test_a_prediction_is_looked_up_and_made_again_by_its_own_model(
    store: FolderStore, capsys: pytest.CaptureFixture[str]
) -> None:
    _, answer = call("POST", "/models/churn/predict", CUSTOMER)
    lines = [line for line in capsys.readouterr().out.splitlines() if '"prediction"' in line]
    now = datetime.now(UTC)
    store.put(f"predictions/{now:dt=%Y-%m-%d/hour=%H}/a.jsonl", "\n".join(lines).encode())
    path = f"predictions/{answer['prediction_id']}"
    status, record = call("GET", f"/models/churn/{path}")
    assert (status, record["model"]) == (200, "churn")
    assert call("POST", f"/models/churn/{path}/replay")[1]["identical"] is True
    status, refusal = call("GET", f"/{path}")
    assert status == 404
    assert "of the model titanic" in refusal["error"]


def test_each_model_has_a_document_of_its_own(store: FolderStore) -> None:
    status, document = call("GET", "/models/churn/openapi.json")
    assert status == 200
    assert "/models/churn/predict" in document["paths"]
    assert all(path.startswith("/models/churn/") for path in document["paths"])
    assert "{model}" not in json.dumps(document["paths"])
    row = document["components"]["schemas"]["Row"]
    assert [*row["properties"]] == ["monthly charges", "contract", "paperless", "reference"]
    assert document["components"]["schemas"]["Prediction"]["properties"]["churned"] == {"enum": ["no", "yes"]}
    for path, item in document["paths"].items():
        for media_type, content in item.get("post", {}).get("requestBody", {}).get("content", {}).items():
            if "example" in content:
                body, headers = content["example"], {"content-type": media_type}
                assert call("POST", path, body, headers=headers)[0] == 200, path
    _, whole = call("GET", "/openapi.json")
    assert whole["paths"]["/models/{model}/predict"]["post"]["parameters"][0]["name"] == "model"
