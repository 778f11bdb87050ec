"""A file that is sent becomes a dataset, in a folder and in S3: under its name, with who sent it."""

import gzip
import re
from typing import Any
from urllib.parse import quote

import pytest

from functions.core.registry import uploader
from functions.core.registry.keys import sha256
from functions.core.storage.s3 import S3Store
from functions.core.storage.view import ModelStore
from functions.datasets.uploading import FILE_NAME, write_dataset
from tests.datasets.conftest import Ask
from tests.support.uploads import BUCKET

TABLE = b"calls,churned\n1,yes\n2,no\n"


def test_a_file_is_kept_as_it_was_sent_with_who_sent_it_and_the_target(ask: Ask, store: ModelStore) -> None:
    body = gzip.compress(TABLE)
    status, answer = ask("PUT", "/models/churn/datasets/customers.csv.gz?target=churned", body)
    assert status == 202
    assert answer == {
        "model": "churn",
        "file": "customers.csv.gz",
        "key": "datasets/churn/customers.csv.gz",
        "size": len(body),
        "sha256": sha256(body),
        "uploaded_by": "ada@example.org",
        "outcome": "new",
    }
    churn = ModelStore(store._store, "churn")
    assert churn.get("datasets/customers.csv.gz").body == body
    metadata = churn.head("datasets/customers.csv.gz").metadata
    assert (metadata["target"], uploader.from_metadata(metadata)) == ("churned", "ada@example.org")


def test_a_body_that_is_encoded_on_the_way_is_kept_decoded(ask: Ask, store: ModelStore) -> None:
    headers = {"content-encoding": "gzip"}
    assert ask("PUT", "/models/churn/datasets/a.csv", gzip.compress(TABLE), headers=headers)[0] == 202
    assert ModelStore(store._store, "churn").get("datasets/a.csv").body == TABLE


def test_a_file_is_replaced_only_by_who_says_so(ask: Ask, store: ModelStore) -> None:
    path = "/models/titanic/datasets/a.csv"
    assert ask("PUT", path, TABLE)[0] == 202
    status, answer = ask("PUT", path, b"other")
    assert (status, answer["code"]) == (409, "CONFLICT")
    assert "replace=true" in answer["error"]
    assert store.get("datasets/a.csv").body == TABLE
    status, answer = ask("PUT", f"{path}?replace=true", b"other", key_id="grace")
    assert (status, answer["outcome"]) == (202, "replaced")
    assert store.get("datasets/a.csv").body == b"other"
    assert uploader.from_metadata(store.head("datasets/a.csv").metadata) == "grace"


def test_a_file_that_is_sent_again_learns_that_it_had_arrived(ask: Ask, store: ModelStore) -> None:
    """Whose connection broke before the answer does not know: of the same name may be another file."""
    path = "/models/titanic/datasets/a.csv"
    ask("PUT", path, TABLE)
    status, same = ask("PUT", path, TABLE)
    assert (status, same["code"], same["detail"][0]["type"]) == (409, "CONFLICT", "same_file")
    assert "has this very file already: a.csv, 25 bytes, since 20" in same["error"]
    assert "GET /models/titanic/uploads says what became of it" in same["error"]
    status, other = ask("PUT", path, TABLE.replace(b"yes", b"no!"))
    assert (status, other["detail"][0]["type"]) == (409, "other_file")
    assert "has another dataset a.csv already, of 25 bytes, since 20" in other["error"]
    # Of what did not come through the API nobody knows the digest.
    store.put("datasets/b.csv", TABLE)
    status, unknown = ask("PUT", "/models/titanic/datasets/b.csv", TABLE)
    assert (status, unknown["detail"][0]["type"]) == (409, "unknown_file")
    assert "has a dataset b.csv already" in unknown["error"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("a.txt", "has to end with .csv or .csv.gz"),
        (".csv", "begins with a dot"),
        ("a%5Cb.csv", "slash"),
        ("a%00b.csv", "cannot be printed"),
        (f"{'a' * 100}.csv", "more than 100 bytes"),
        ("labelled-1.csv", "the monitor"),
    ],
)
def test_a_name_that_no_dataset_can_have_is_refused_in_words(ask: Ask, name: str, says: str) -> None:
    plain = name.replace("%5C", "\\").replace("%00", "\0")
    status, answer = ask(
        "PUT",
        f"/models/churn/datasets/{name}",
        TABLE,
        route="PUT /models/{model}/datasets/{dataset}",
        pathParameters={"model": "churn", "dataset": plain},
    )
    assert (status, answer["code"]) == (422, "INVALID_INPUT")
    assert says in answer["error"]
    assert answer["detail"][0]["loc"] == ["path", "dataset"]


def test_a_target_that_cannot_travel_is_refused(ask: Ask) -> None:
    status, answer = ask("PUT", f"/models/churn/datasets/a.csv?target={quote('gekündigt')}", TABLE)
    assert (status, answer["detail"][0]["loc"]) == (422, ["query", "target"])


def test_in_s3_an_older_version_stays_and_any_name_is_told(s3: Any) -> None:
    store = ModelStore(S3Store(BUCKET), "churn")
    first = write_dataset(store, "März.csv", TABLE, by="Zoë Müller")
    before = store.head("datasets/März.csv")
    assert uploader.from_metadata(before.metadata) == "Zoë Müller"
    second = write_dataset(store, "März.csv", b"other", by="b", replace=True)
    assert (first.outcome, second.outcome) == ("new", "replaced")
    with store.open("datasets/März.csv", before.version_id) as stream:
        assert stream.read() == TABLE
    assert uploader.from_metadata(store.head("datasets/März.csv").metadata) == "b"


@pytest.mark.parametrize("name", ["a.csv", "März (2).csv.gz", "x" * 96 + ".csv", "a b.c.csv"])
def test_the_document_allows_what_the_function_takes(ask: Ask, name: str) -> None:
    assert re.search(FILE_NAME, name)
    assert ask("PUT", f"/models/churn/datasets/{name}", TABLE, **variables(name))[0] == 202


@pytest.mark.parametrize(
    "name", ["a.txt", ".csv", ".a.csv", " a.csv", "a\\b.csv", "labelled-1.csv", "a\x00.csv"]
)
def test_what_the_document_does_not_allow_the_function_refuses(ask: Ask, name: str) -> None:
    assert not re.search(FILE_NAME, name)
    assert ask("PUT", f"/models/churn/datasets/{name}", TABLE, **variables(name))[0] == 422


def variables(name: str) -> dict[str, Any]:
    return {
        "route": "PUT /models/{model}/datasets/{dataset}",
        "pathParameters": {"model": "churn", "dataset": name},
    }
