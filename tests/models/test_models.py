"""Any number of models: their list, each as a whole, and what is about one is about no other."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry.keys import CHAMPION, manifest_key
from functions.core.schema.document.parsing import parse_schema
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.models.shelf import FIRST, WHY, Call, Shelf
from tests.support import churn as churn_table
from tests.support import titanic


def listed(call: Call, query: str = "", **options: Any) -> list[str]:
    status, page = call("GET", f"/models{query}", **options)
    assert status == 200, page
    return [model["name"] for model in page["models"]]


def test_the_models_are_listed_with_their_champions(call: Call, shelf: Shelf, churn: Shelf) -> None:
    status, page = call("GET", "/models", scopes="predict")
    assert status == 200
    assert page["next"] is None
    ours, theirs = page["models"]
    assert theirs == {
        "name": "titanic",
        "champion": FIRST,
        "promoted_at": call("GET", "/models/champion")[1]["promoted_at"],
        "metrics": {"log_loss": {"value": 0.42, "low": 0.35, "high": 0.49}},
        "target": "survived",
        "rows": 100,
        "trouble": None,
    }
    assert (ours["name"], ours["target"]) == ("churn", "churned")


def test_no_models_are_an_empty_list(call: Call) -> None:
    assert call("GET", "/models") == (200, {"models": [], "default": None, "next": None})


def test_the_list_says_which_model_is_the_default(call: Call, shelf: Shelf, churn: Shelf) -> None:
    """On each page, whatever is first by name; not to who may not see it."""
    pages = [call("GET", f"/models?limit=1{after}")[1] for after in ("", "&after=churn")]
    assert [(page["models"][0]["name"], page["default"]) for page in pages] == [
        ("churn", "titanic"),
        ("titanic", "titanic"),
    ]
    assert call("GET", "/models", models="churn", scopes="predict")[1]["default"] is None


def test_the_models_come_in_pages_in_the_order_of_their_names(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    for name in ("m-3", "m-1", "z", "m-2"):
        ModelStore(FolderStore(str(tmp_path)), name).put(SCHEMA_KEY, churn_table.SCHEMA.as_json())
    first, second, third = (
        call("GET", f"/models?limit=2{after}")[1] for after in ("", "&after=m-2", "&after=titanic")
    )
    names = [[model["name"] for model in page["models"]] for page in (first, second, third)]
    assert names == [["m-1", "m-2"], ["m-3", "titanic"], ["z"]]
    assert [page["next"] for page in (first, second, third)] == ["m-2", "titanic", None]
    [last] = third["models"]
    assert (last["champion"], last["target"]) == (None, "churned")


def test_a_key_sees_only_its_models(call: Call, shelf: Shelf, churn: Shelf) -> None:
    assert listed(call) == ["churn", "titanic"]
    assert listed(call, models="churn", scopes="predict") == ["churn"]
    assert listed(call, "?limit=1", models="titanic fraud", scopes="predict") == ["titanic"]
    assert listed(call, models="fraud", scopes="predict") == []
    assert call("GET", "/models", models="churn", scopes="feedback")[0] == 403


DAMAGE = {
    CHAMPION: "registry/champion.json is damaged",
    manifest_key(FIRST): f"the manifest of version {FIRST} has been changed since it was published",
}


@pytest.mark.parametrize(("key", "trouble"), DAMAGE.items(), ids=["champion", "manifest"])
def test_what_is_damaged_of_one_model_is_said_of_that_one(
    call: Call, shelf: Shelf, churn: Shelf, key: str, trouble: str
) -> None:
    churn.store.put(key, b"{")
    models = {model["name"]: model for model in call("GET", "/models")[1]["models"]}
    assert trouble in models["churn"]["trouble"]
    assert (models["churn"]["metrics"], models["churn"]["rows"]) == ({}, None)
    assert (models["titanic"]["trouble"], models["titanic"]["champion"]) == (None, FIRST)
    status, record = call("GET", "/models/churn")
    assert status == 200
    assert trouble in record["trouble"]
    assert (record["schema"], record["target"], record["features"]) == (None, None, [])
    # What the next training goes by still tells what a row is.
    churn.store.put(SCHEMA_KEY, churn_table.SCHEMA.as_json())
    assert call("GET", "/models/churn")[1]["target"]["name"] == "churned"


def test_a_model_is_described_with_what_a_form_needs(call: Call, shelf: Shelf, churn: Shelf) -> None:
    churn.add(1)
    status, record = call("GET", "/models/churn", scopes="predict")
    assert status == 200
    assert record["champion"] == call("GET", "/models/churn/champion")[1]
    assert (record["name"], record["versions"], record["trouble"]) == ("churn", 2, None)
    assert record["schema"] == churn_table.DOCUMENT
    assert record["next_schema"] is None
    assert record["target"] == {"name": "churned", "negative": "no", "positive": "yes"}
    features = {feature["name"]: feature for feature in record["features"]}
    assert list(features) == ["Plan Type", "source", "paperless", "version", "charges"]
    assert features["Plan Type"] == {
        "name": "Plan Type",
        "type": "string",
        "description": "What was ordered",
        "example": None,
        "required": True,
        "categories": ["monthly", "yearly"],
        "minimum": None,
        "maximum": None,
        "derives": None,
    }
    charges = features["charges"]
    assert (charges["type"], charges["minimum"], charges["maximum"], charges["example"]) == (
        "number",
        0,
        None,
        30.5,
    )
    assert features["version"]["categories"] == [0.1, 2, 3]


@pytest.mark.parametrize("name", ["Reference", "charges"])
def test_a_model_says_whether_reference_is_a_word_of_the_callers_own(
    call: Call, shelf: Shelf, tmp_path: Path, name: str
) -> None:
    assert call("GET", "/models/titanic")[1]["takes_references"] is True
    document = json.loads(json.dumps(churn_table.DOCUMENT).replace('"charges"', f'"{name}"'))
    ModelStore(FolderStore(str(tmp_path)), "churn").put(SCHEMA_KEY, parse_schema(document).as_json())
    assert call("GET", "/models/churn")[1]["takes_references"] is (name == "charges")


def test_a_text_that_a_feature_is_taken_from_says_so_and_the_target_may_be_true_or_false(
    call: Call, shelf: Shelf
) -> None:
    record = call("GET", "/models/titanic")[1]
    assert record["target"] == {"name": "survived", "negative": False, "positive": True}
    derives = {feature["name"]: feature["derives"] for feature in record["features"]}
    assert list(derives) == [*titanic.SCHEMA.names, "name"]
    assert {name: derived for name, derived in derives.items() if derived} == {"name": "title"}


def test_a_model_that_only_has_a_schema_is_described_by_it(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    ModelStore(FolderStore(str(tmp_path)), "churn").put(SCHEMA_KEY, churn_table.SCHEMA.as_json())
    record = call("GET", "/models/churn")[1]
    assert (record["champion"], record["schema"], record["versions"]) == (None, None, 0)
    assert record["next_schema"] == churn_table.DOCUMENT
    assert record["target"]["positive"] == "yes"
    assert call("GET", "/models/churn/champion")[1]["code"] == "NO_CHAMPION"
    assert call("GET", "/models/churn/versions") == (
        200,
        {"versions": [], "next": None, "rolls_back_to": None},
    )


def test_a_version_and_a_model_are_told_apart_by_their_names(call: Call, shelf: Shelf, churn: Shelf) -> None:
    # It could be the name of a model, did it not look like a version.
    status, manifest = call("GET", f"/models/{FIRST}")
    assert (status, manifest["name"], manifest["version"]) == (200, "titanic", FIRST)
    assert call("GET", f"/models/churn/versions/{FIRST}")[1]["name"] == "churn"
    status, answer = call("GET", f"/models/{FIRST}/champion")
    assert (status, answer["code"]) == (404, "NOT_FOUND")
    status, answer = call("GET", "/models/fraud")
    assert (status, answer["error"]) == (404, "there is no model fraud; GET /models lists those there are")
    document = call("GET", "/openapi.json")[1]
    answers = document["paths"]["/models/{model}"]["get"]["responses"]["200"]["content"]["application/json"]
    assert {one["$ref"].rpartition("/")[2] for one in answers["schema"]["anyOf"]} == {
        "Manifest",
        "ModelRecord",
    }


def test_a_change_of_one_model_is_none_of_another(call: Call, shelf: Shelf, churn: Shelf) -> None:
    version = churn.add(1)
    assert call("POST", f"/models/{version}/promote", WHY)[0] == 404
    status, card = call("POST", f"/models/churn/versions/{version}/promote", WHY)
    assert (status, card["version"], card["previous"]) == (200, version, FIRST)
    assert (shelf.champion.version, churn.champion.version) == (FIRST, version)
    assert [one["version"] for one in call("GET", "/models/churn/history")[1]["promotions"]] == [
        version,
        FIRST,
    ]
    assert len(call("GET", "/models/history")[1]["promotions"]) == 1
    assert call("POST", "/models/churn/rollback", WHY)[1]["version"] == FIRST
    assert call("POST", "/models/rollback", WHY)[0] == 404
    assert call("DELETE", f"/models/{version}")[0] == 404
    assert call("DELETE", f"/models/churn/versions/{version}") == (204, None)
    listed_versions = call("GET", "/models/churn/versions")[1]["versions"]
    assert [one["version"] for one in listed_versions] == [FIRST]
