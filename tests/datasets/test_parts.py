"""A file in parts: nothing comes of them until all are named, and then it is one dataset like any other."""

import gzip
import json
from typing import Any

import pytest

from functions.core.registry import uploader
from functions.core.registry.keys import sha256
from functions.core.storage.view import ModelStore
from functions.datasets.parts import MAX_PARTS
from tests.datasets.conftest import Ask

WHOLE = gzip.compress(b"calls,churned\n" + b"1,yes\n2,no\n" * 50)
HALVES = [WHOLE[:40], WHOLE[40:]]
PATH = "/models/churn/datasets/customers.csv.gz"
JSON = {"content-type": "application/json"}


@pytest.fixture
def churn(store: ModelStore) -> ModelStore:
    return ModelStore(store._store, "churn")


def send(ask: Ask, part: bytes, name: str = "", path: str = PATH, **options: Any) -> tuple[int, Any]:
    return ask("PUT", f"{path}/parts/{name or sha256(part)}", part, **options)


def join(ask: Ask, *parts: bytes, query: str = "", **options: Any) -> tuple[int, Any]:
    body = json.dumps({"parts": [sha256(part) for part in parts]}).encode()
    return ask("POST", f"{PATH}{query}", body, headers=JSON, **options)


def test_parts_are_no_dataset_until_they_are_put_together(ask: Ask, churn: ModelStore) -> None:
    for part in reversed(HALVES):
        assert send(ask, part) == (201, {"part": sha256(part), "size": len(part)})
    assert list(churn.list("datasets/")) == []
    status, uploaded = join(ask, *HALVES, query="?target=churned")
    assert (status, uploaded["sha256"], uploaded["size"]) == (202, sha256(WHOLE), len(WHOLE))
    assert uploaded["outcome"] == "new"
    assert churn.get("datasets/customers.csv.gz").body == WHOLE
    metadata = churn.head("datasets/customers.csv.gz").metadata
    assert (metadata["target"], uploader.from_metadata(metadata)) == ("churned", "ada@example.org")
    # Nothing of them is left.
    assert list(churn.list("parts/")) == []


def test_a_part_may_be_sent_twice_and_stand_in_the_file_twice(ask: Ask, churn: ModelStore) -> None:
    assert [send(ask, b"1,yes\n")[0] for _ in range(2)] == [201, 201]
    assert join(ask, b"1,yes\n", b"1,yes\n")[0] == 202
    assert churn.get("datasets/customers.csv.gz").body == b"1,yes\n1,yes\n"


def test_parts_that_are_not_there_are_named_and_the_others_stay(ask: Ask, churn: ModelStore) -> None:
    send(ask, HALVES[0])
    status, refusal = join(ask, *HALVES)
    assert (status, refusal["code"]) == (422, "INVALID_INPUT")
    [fault] = refusal["detail"]
    assert (fault["loc"], fault["type"]) == (["body", "parts", 1], "missing_part")
    assert "send it, and ask again" in fault["msg"]
    assert list(churn.list("datasets/")) == []
    send(ask, HALVES[1])
    assert join(ask, *HALVES)[0] == 202


def test_a_part_of_one_model_is_none_of_another(ask: Ask) -> None:
    send(ask, HALVES[0], path="/models/titanic/datasets/a.csv")
    assert join(ask, HALVES[0])[0] == 422


def test_a_file_that_is_there_makes_way_only_where_that_is_said(ask: Ask, churn: ModelStore) -> None:
    ask("PUT", PATH, b"the first")
    for part in HALVES:
        send(ask, part)
    status, refusal = join(ask, *HALVES)
    assert (status, "replace=true" in refusal["error"]) == (409, True)
    assert refusal["detail"][0]["type"] == "other_file"
    assert churn.get("datasets/customers.csv.gz").body == b"the first"
    status, uploaded = join(ask, *HALVES, query="?replace=true")
    assert (status, uploaded["outcome"]) == (202, "replaced")


def test_a_whole_that_had_arrived_is_told_from_another_one(ask: Ask) -> None:
    for attempt in range(2):
        for part in HALVES:
            send(ask, part)
        status, answer = join(ask, *HALVES)
        assert status == (202, 409)[attempt]
    assert answer["detail"][0]["type"] == "same_file"
    # What is not all there cannot be told.
    _, answer = join(ask, *HALVES, b"more")
    assert answer["detail"][0]["type"] == "unknown_file"


def test_bytes_that_are_not_what_they_are_called_are_refused(ask: Ask, churn: ModelStore) -> None:
    status, refusal = send(ask, HALVES[0], sha256(HALVES[1]))
    assert (status, refusal["detail"][0]["loc"]) == (422, ["path", "part"])
    assert "not the SHA-256 of the bytes" in refusal["error"]
    assert list(churn.list("parts/")) == []


@pytest.mark.parametrize("name", ["", "A" * 64, "0" * 63, "../titanic"])
def test_a_part_is_called_by_a_digest(ask: Ask, name: str) -> None:
    variables = {"model": "churn", "dataset": "a.csv", "part": name}
    route = "PUT /models/{model}/datasets/{dataset}/parts/{part}"
    status, _ = ask("PUT", f"{PATH}/parts/{name}", b"x", route=route, pathParameters=variables)
    assert status in (404, 422)


def test_a_name_that_no_dataset_can_have_is_refused_with_the_first_part(ask: Ask) -> None:
    status, refusal = send(ask, HALVES[0], path="/models/churn/datasets/labelled-1.csv")
    assert (status, "the monitor" in refusal["error"]) == (422, True)


@pytest.mark.parametrize("parts", [[], ["0" * 64] * (MAX_PARTS + 1), ["x"], [1]])
def test_a_list_of_parts_that_does_not_fit_is_refused(ask: Ask, parts: list[Any]) -> None:
    status, refusal = ask("POST", PATH, json.dumps({"parts": parts}).encode(), headers=JSON)
    assert (status, refusal["detail"][0]["loc"][:2]) == (422, ["body", "parts"])


@pytest.mark.parametrize("scopes", ["predict feedback read", None])
def test_only_an_administrator_sends_parts(ask: Ask, scopes: str | None) -> None:
    status = 401 if scopes is None else 403
    assert send(ask, HALVES[0], scopes=scopes)[0] == status
    assert join(ask, HALVES[0], scopes=scopes)[0] == status
    assert send(ask, HALVES[0], models="titanic")[0] == 403
