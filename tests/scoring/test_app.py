"""The routes of scoring jobs: begun by a name or a key, watched, cancelled; on a folder and on S3."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.s3 import S3Store
from functions.core.storage.view import ModelStore
from functions.scoring.http_handler import handler
from functions.scoring.job import read_job
from functions.scoring.service import service
from functions.scoring.starting import fire
from tests.conftest import MODEL
from tests.scoring.jobs import expected, handle, put_event, result, table
from tests.support import gateway
from tests.support.uploads import BUCKET

BODY = table(300)


def ask(method: str, path: str, body: Any = None, **options: Any) -> tuple[int, Any]:
    return gateway.call(handler, method, path, body, **options)


@pytest.fixture
def folder(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FolderStore]:
    monkeypatch.setenv("LIFEBOAT_STORE", str(root))
    service.cache_clear()
    yield FolderStore(str(root))
    service.cache_clear()


@pytest.fixture
def bucket(published: Path, s3: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Store]:
    store, made = S3Store(BUCKET), FolderStore(str(published))
    for entry in made.list(""):
        store.put(entry.key, made.get(entry.key).body)
    monkeypatch.setenv("LIFEBOAT_STORE", f"s3://{BUCKET}")
    service.cache_clear()
    yield store
    service.cache_clear()


def test_a_file_is_uploaded_to_the_address_in_the_answer_and_its_result_downloaded(
    bucket: S3Store,
) -> None:
    status, job = ask("POST", "/models/titanic/scoring", {"file": "people.csv"}, key_id="5f3a91c2")
    assert status == 202
    assert (job["state"], job["by"], job["result"], job["lines"]) == ("waiting", "5f3a91c2", None, None)
    assert job["upload"]["method"] == "PUT"
    request = urllib.request.Request(job["upload"]["url"], BODY, {"content-type": "text/csv"}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    [said] = handle(bucket, put_event(bucket, job["key"]))
    assert said["job"] == job["job"]
    status, job = ask("GET", f"/models/titanic/scoring/{job['job']}")
    assert status == 200
    assert (job["state"], job["rows"], job["lines"], job["bad_rows"]) == ("done", 300, 300, 0)
    assert job["upload"] is None
    assert job["rows_per_second"] > 0
    assert "pclass" in job["columns"]["used"]
    assert "boat" in job["columns"]["passed_over"]
    with urllib.request.urlopen(job["result"]["url"]) as answer:
        scored = answer.read()
    assert len(scored) == job["result_bytes"]
    assert scored == expected(ModelStore(bucket, MODEL), BODY)
    # The event may come again, and so may the file.
    assert handle(bucket, put_event(bucket, job["key"]))[0]["job"] == job["job"]
    bucket.put(job["key"], table(20))
    [other] = handle(bucket, put_event(bucket, job["key"]))
    assert other["job"] != job["job"]
    assert (other["state"], other["rows"]) == ("done", 20)


def test_a_file_that_is_in_the_store_is_scored_by_its_key(folder: FolderStore) -> None:
    key = f"scoring/{MODEL}/in/people.csv"
    folder.put(key, BODY)
    status, job = ask("POST", "/scoring", {"key": key, "explain": True})
    assert (status, job["state"], job["key"], job["explain"]) == (202, "running", key, True)
    [said] = handle(folder, put_event(folder, f"scoring/{MODEL}/again/{job['job']}"))
    assert said["state"] == "done"
    status, job = ask("GET", f"/scoring/{job['job']}")
    # A folder has no addresses: whoever can reach it has the key.
    assert (status, job["state"], job["result"]) == (200, "done", None)
    assert folder.get(job["result_key"]).body.startswith(b"pclass,")
    folder.delete(job["result_key"])
    status, error = ask("GET", f"/scoring/{job['job']}")
    assert (status, error["code"]) == (404, "NOT_FOUND")


def test_the_jobs_that_changed_last_are_listed_those_begun_last_first(folder: FolderStore) -> None:
    assert ask("GET", "/scoring") == (200, {"jobs": [], "damaged": []})
    begun = [ask("POST", "/scoring", {"file": f"{name}.csv"})[1]["job"] for name in ("a", "b", "c")]
    folder.put(f"scoring/{MODEL}/in/{begun[0]}/a.csv", BODY)
    handle(folder, put_event(folder, f"scoring/{MODEL}/in/{begun[0]}/a.csv"))
    status, listed = ask("GET", "/models/titanic/scoring")
    assert status == 200
    assert [(job["job"], job["state"]) for job in listed["jobs"]] == [
        (begun[2], "waiting"),
        (begun[1], "waiting"),
        (begun[0], "done"),
    ]
    assert (listed["jobs"][2]["rows"], listed["damaged"]) == (300, [])
    # The one that was gone on with is what changed last.
    assert [job["job"] for job in ask("GET", "/scoring?limit=1")[1]["jobs"]] == begun[:1]


def test_a_list_names_damaged_jobs_and_keeps_those_whose_result_is_gone(folder: FolderStore) -> None:
    folder.put(f"scoring/{MODEL}/in/a.csv", BODY)
    [said] = handle(folder, put_event(folder, f"scoring/{MODEL}/in/a.csv"))
    folder.delete(ask("GET", f"/scoring/{said['job']}")[1]["result_key"])
    folder.put(f"scored/{MODEL}/jobs/0123456789abcdef0123.json", b"{")
    _, listed = ask("GET", "/scoring")
    assert [(job["job"], job["state"], job["result_key"]) for job in listed["jobs"]] == [
        (said["job"], "done", None)
    ]
    assert listed["damaged"] == ["0123456789abcdef0123"]


@pytest.mark.parametrize("limit", ["0", "51", "x"])
def test_a_list_has_its_bounds(folder: FolderStore, limit: str) -> None:
    assert ask("GET", f"/scoring?limit={limit}")[0] == 422


def test_a_job_that_waits_is_cancelled_and_its_file_comes_too_late(folder: FolderStore) -> None:
    _, job = ask("POST", "/scoring", {"file": "people.csv"})
    status, cancelled = ask("DELETE", f"/scoring/{job['job']}")
    assert (status, cancelled["state"]) == (200, "cancelled")
    folder.put(job["key"], BODY)
    [said] = handle(folder, put_event(folder, job["key"]))
    assert said["state"] == "cancelled"
    assert result(ModelStore(folder, MODEL)) is None


def test_a_job_that_has_ended_is_not_cancelled(folder: FolderStore) -> None:
    key = f"scoring/{MODEL}/in/people.csv"
    for body, what in ((BODY, "is done already"), (b"no table", "has failed already")):
        folder.put(key, body)
        [said] = handle(folder, put_event(folder, key))
        status, error = ask("DELETE", f"/scoring/{said['job']}")
        assert status == 409
        assert what in error["error"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "send `file`"),
        ({"file": "a.csv", "key": f"scoring/{MODEL}/in/a.csv"}, "send `file`"),
        ({"file": "a.xlsx"}, "the name of the file does not fit"),
        ({"file": "../a.csv"}, "the name of the file does not fit"),
        ({"key": f"datasets/{MODEL}/a.csv"}, "it names no model"),
        ({"key": "scoring/churn/in/a.csv"}, "lies below scoring/titanic/in/"),
        ({"key": f"scoring/{MODEL}/again/0123456789abcdef0123"}, "lies below scoring/titanic/in/"),
        ({"files": "a.csv"}, "the input does not fit"),
    ],
)
def test_what_is_no_job_is_refused(folder: FolderStore, body: dict[str, str], said: str) -> None:
    status, error = ask("POST", "/scoring", body)
    assert status == 422
    assert said in error["error"]


def test_what_is_not_there_is_not_found(folder: FolderStore) -> None:
    for method, path, body in (
        ("POST", "/scoring", {"key": f"scoring/{MODEL}/in/none.csv"}),
        ("GET", "/scoring/0123456789abcdef0123", None),
        ("DELETE", "/scoring/0123456789abcdef0123", None),
        ("POST", "/models/nobody/scoring", {"file": "a.csv"}),
    ):
        status, error = ask(method, path, body)
        assert (status, error["code"]) == (404, "NOT_FOUND")


def test_whoever_may_not_predict_may_not_score(folder: FolderStore) -> None:
    assert ask("POST", "/scoring", {"file": "a.csv"}, scopes="feedback")[0] == 403
    assert ask("POST", "/models/titanic/scoring", {"file": "a.csv"}, models="churn")[0] == 403


def test_a_file_of_many_is_gone_on_with_until_it_is_done(folder: FolderStore) -> None:
    """As the state machine of template.yaml asks."""
    from functions.scoring.events import answer_event
    from tests.scoring.jobs import service_of

    key = f"scoring/{MODEL}/many/march/people.csv"
    etag = folder.put(key, table(1_000))
    [said] = handle(folder, put_event(folder, key))
    assert said["state"] == "ignored"
    event = {"item": {"Key": key, "Etag": etag, "Size": 1}}
    answers = [answer_event(service_of(folder), event, lambda: 0.0)]
    while answers[-1]["state"] == "running":
        answers.append(answer_event(service_of(folder), event, lambda: 0.0))
    assert len(answers) > 3
    assert (answers[-1]["state"], answers[-1]["rows"]) == ("done", 1_000)
    assert [*folder.list(f"scoring/{MODEL}/again/")] == []
    folder.put(key, b"another")
    assert answer_event(service_of(folder), event, lambda: 0.0)["state"] == "failed"


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        (f"scoring/{MODEL}/many/march/", "only files below in/ that end with .csv, .csv.gz or .parquet"),
        (f"scoring/{MODEL}/many/march/read me.txt", "only files below in/ that end with"),
        ("scoring/people.csv", "it names no model"),
        ("datasets/titanic/titanic.csv", "it names no model"),
        (f"scoring/{MODEL}/again/0123456789abcdef0123", "no file to be scored"),
    ],
)
def test_what_is_no_table_among_many_is_said_and_not_tried_again(
    folder: FolderStore, key: str, reason: str
) -> None:
    """A failure would be: by the state machine, six times in half an hour."""
    from functions.scoring.events import answer_event
    from tests.scoring.jobs import service_of

    said = answer_event(service_of(folder), {"item": {"Key": key, "Etag": '"e"'}}, lambda: 60.0)
    assert (said["key"], said["state"]) == (key, "ignored")
    assert reason in said["reason"]


def test_a_job_can_be_fired_again_by_hand(folder: FolderStore) -> None:
    store = ModelStore(folder, MODEL)
    folder.put(f"scoring/{MODEL}/in/people.csv", BODY)
    [said] = handle(folder, put_event(folder, f"scoring/{MODEL}/in/people.csv"))
    fire(read_job(store, said["job"]))
    assert handle(folder, put_event(folder, f"scoring/{MODEL}/again/{said['job']}"))[0]["state"] == "done"
