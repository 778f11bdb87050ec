"""The built bundles do their work in Lambda's runtime emulator, as SAM runs it."""

import json

import httpx

from functions.core.registry.deployment import read_champion
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from tests.conftest import EVENTS, MODEL
from tests.sam.conftest import KEY
from tests.sam.sam_cli import Invocation, invoke
from tests.support.engine import Engine
from tests.support.steps import Steps

GIB = 2**30
ROSE = {"pclass": 1, "sex": "female", "age": 17, "fare": 211.34}


def version_of(retrained: Invocation) -> str:
    version: str = retrained.answer["results"][0]["version"]
    return version


def test_an_upload_retrains_and_promotes_within_two_gibibytes(retrained: Invocation, store: Store) -> None:
    [result] = retrained.answer["results"]
    assert (result["key"], result["status"]) == (KEY, "promoted")
    assert read_champion(ModelStore(store, MODEL))[0].version == result["version"]
    assert retrained.memory.limit == 2 * GIB
    assert retrained.memory.peak < 2 * GIB


def test_the_model_just_promoted_scores(engine: Engine, retrained: Invocation, step: Steps) -> None:
    with step("predict") as said:
        invocation = invoke(engine, "PredictFunction", EVENTS / "http_predict.json")
        said.append(json.dumps(invocation.answer))
        said.append(f"{invocation.seconds:.1f} s in the function, cold")
    assert invocation.answer["statusCode"] == 200
    prediction = json.loads(invocation.answer["body"])
    assert prediction["model"] == {"name": "titanic", "version": version_of(retrained)}
    assert prediction["survived"] is True


def test_the_api_is_ready_with_that_model(api: httpx.Client, retrained: Invocation, step: Steps) -> None:
    with step("ready") as said:
        answer = api.get("/health/ready")
        said.append(f"{answer.status_code} {answer.text}")
    assert answer.status_code == 200
    assert answer.json()["version"] == version_of(retrained)


def test_the_api_scores_a_row_by_its_model(api: httpx.Client, retrained: Invocation, step: Steps) -> None:
    with step("POST") as said:
        answer = api.post(f"/models/{MODEL}/predict", json=ROSE)
        said.append(f"{answer.status_code} {answer.text}")
    assert answer.status_code == 200
    assert answer.json()["model"] == {"name": MODEL, "version": version_of(retrained)}


def test_the_api_refuses_who_has_no_key_in_the_envelope(api: httpx.Client, step: Steps) -> None:
    with step("no key") as said:
        answer = api.post("/predict", json=ROSE, headers={"x-api-key": f"lb_00000000_{'0' * 64}"})
        said.append(f"{answer.status_code} {answer.text}")
    assert answer.status_code == 401
    assert answer.json()["code"] == "UNAUTHORIZED"


def test_the_api_refuses_a_bad_row_in_the_envelope(api: httpx.Client, step: Steps) -> None:
    with step("bad POST") as said:
        answer = api.post("/predict", json={**ROSE, "pclass": 4})
        said.append(f"{answer.status_code} {answer.text}")
    assert answer.status_code == 422
    assert answer.json().keys() == {"error", "code", "detail", "request_id"}
    assert answer.json()["code"] == "INVALID_INPUT"
    assert answer.json()["detail"][0]["loc"][-1] == "pclass"
