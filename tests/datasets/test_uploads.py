"""What became of each upload, as the store tells it: by way of the training itself, in a folder and in S3."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry import uploader
from functions.core.registry.keys import rejected_key
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.notifications import Notification
from functions.core.storage.view import SCHEMA, ModelStore
from functions.datasets.uploading import write_dataset
from functions.datasets.uploads import PATIENCE, UploadPage, list_uploads
from functions.retrain.attempts import attempt
from functions.retrain.retrain import RetrainSettings
from tests.datasets.conftest import Ask
from tests.support.titanic import MODEL, TABLE
from tests.support.titanic import SCHEMA as PASSENGERS
from tests.support.uploads import BUCKET, model_store

# Fewer passengers train sooner.
FEW = b"".join(TABLE.read_bytes().splitlines(keepends=True)[:400])
Train = Callable[[str], None]


def look(store: ModelStore, *, later: timedelta = timedelta(0), **options: Any) -> UploadPage:
    asked: dict[str, Any] = {"limit": 20, "before": None} | options
    return list_uploads(store, now=datetime.now(UTC) + later, **asked)


def train(whole: Store, file: str, version_id: str | None = None) -> None:
    settings = RetrainSettings(store="", folds=2)
    attempt(whole, Notification(key=f"datasets/{MODEL}/{file}", version_id=version_id), settings)


@pytest.fixture
def fresh(tmp_path: Path) -> ModelStore:
    store = ModelStore(FolderStore(str(tmp_path / "fresh")), MODEL)
    store.put(SCHEMA, PASSENGERS.as_json())
    return store


def test_an_upload_is_in_training_until_it_is_a_version_that_is_promoted(fresh: ModelStore) -> None:
    write_dataset(fresh, "a.csv", FEW, by="ada")
    [upload] = look(fresh).uploads
    assert (upload.state, upload.uploaded_by, upload.version) == ("training", "ada", None)
    train(fresh._store, "a.csv")
    [upload] = look(fresh).uploads
    assert (upload.state, upload.uploaded_by, upload.size) == ("promoted", "ada", len(FEW))
    assert "it is good enough by itself" in upload.why
    assert upload.reading is not None
    assert upload.reading.valid_rows + upload.reading.rejected_rows == 399
    # The same bytes once more make no other version; sent another way, nobody can tell before it is late.
    write_dataset(fresh, "b.csv", FEW, by="ada")
    fresh.put("datasets/c.csv", FEW)
    by_file = {one.file: one for one in look(fresh).uploads}
    assert (by_file["b.csv"].state, by_file["b.csv"].version) == ("unchanged", upload.version)
    assert by_file["c.csv"].state == "training"
    by_file = {one.file: one for one in look(fresh, later=PATIENCE).uploads}
    assert by_file["c.csv"].state == "lost"
    assert "upload it once more" in by_file["c.csv"].why


def test_what_is_refused_says_why_and_which_rows(fresh: ModelStore) -> None:
    bad = FEW.splitlines(keepends=True)[0] + b"first,Mr,male,x,0,0,1,1,S\n"
    write_dataset(fresh, "bad.csv", bad, by="ada")
    train(fresh._store, "bad.csv")
    [upload] = look(fresh).uploads
    assert (upload.state, upload.uploaded_by, upload.version) == ("refused", "ada", None)
    assert upload.why
    assert upload.reading is not None
    assert upload.reading.rows[0].line == 2
    # Its place is taken by another: what stayed of it is its report, with who sent it.
    time.sleep(0.01)
    write_dataset(fresh, "bad.csv", FEW, by="grace", replace=True)
    os.utime(fresh._store._root / "datasets" / MODEL / "bad.csv", (time.time() + 60,) * 2)  # type: ignore[attr-defined]
    second, first = look(fresh).uploads
    assert (first.state, first.uploaded_by, first.size) == ("refused", "ada", None)
    assert (second.state, second.uploaded_by) == ("training", "grace")


def test_a_training_that_crashed_is_told_from_a_file_that_was_refused(
    fresh: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: Any, **__: Any) -> None:
        raise MemoryError

    write_dataset(fresh, "a.csv", FEW, by="ada")
    monkeypatch.setattr("functions.retrain.attempts.retrain", crash)
    with pytest.raises(MemoryError):
        train(fresh._store, "a.csv")
    [upload] = look(fresh).uploads
    assert (upload.state, upload.reading and upload.reading.rows) == ("crashed", [])
    assert "memory" in upload.why


def test_a_report_that_is_damaged_tells_nothing(fresh: ModelStore) -> None:
    for number, body in enumerate((b"junk", b"[]", b'{"key": 1}')):
        fresh.put(rejected_key("a.csv", f"{number}" * 16), body)
    [upload] = look(fresh).uploads
    assert (upload.state, upload.reading) == ("refused", None)


def test_a_file_that_is_no_dataset_is_said_to_be_ignored(fresh: ModelStore) -> None:
    fresh.put("datasets/notes.txt", b"hello")
    assert [one.state for one in look(fresh).uploads] == ["ignored"]


def test_uploads_come_in_pages_and_those_of_one_moment_together(ask: Ask, store: ModelStore) -> None:
    root = store._store._root  # type: ignore[attr-defined]
    for number in range(6):
        store.put(f"datasets/{number}.csv", b"x")
        moment = 1_800_000_000 + number // 2
        os.utime(root / "datasets" / MODEL / f"{number}.csv", (moment, moment))
    status, page = ask("GET", "/uploads?limit=1")
    assert (status, {one["file"] for one in page["uploads"]}) == (200, {"4.csv", "5.csv"})
    before = page["next"].replace("+", "%2B")
    _, page = ask("GET", f"/models/{MODEL}/uploads?limit=3&before={before}")
    assert {one["file"] for one in page["uploads"]} == {"0.csv", "1.csv", "2.csv", "3.csv"}
    assert page["next"] is not None
    before = page["next"].replace("+", "%2B")
    _, page = ask("GET", f"/uploads?before={before}")
    # The champion's own file, which the store of this test does not have any more.
    assert [one["state"] for one in page["uploads"]] == ["promoted"]
    assert page["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "before=yesterday", "before=2026-01-01T00:00:00"])
def test_a_page_that_there_cannot_be_is_refused(ask: Ask, query: str) -> None:
    assert ask("GET", f"/uploads?{query}")[0] == 422


def test_in_s3_each_version_of_a_file_has_its_own_fate(s3: Any) -> None:
    store = model_store()
    store.put(SCHEMA, PASSENGERS.as_json())
    write_dataset(store, "a.csv", FEW, by="Zoë")
    train(store._store, "a.csv", store.head("datasets/a.csv").version_id)
    [first] = look(store).uploads
    assert (first.state, first.uploaded_by) == ("promoted", "Zoë")
    time.sleep(1.1)
    write_dataset(store, "a.csv", b"nothing,of,it\n", by="grace", replace=True)
    train(store._store, "a.csv", store.head("datasets/a.csv").version_id)
    second, first = look(store).uploads
    assert (second.state, second.uploaded_by, second.size) == ("refused", "grace", 14)
    assert (first.state, first.uploaded_by, first.size) == ("promoted", "Zoë", None)
    assert uploader.from_metadata(s3.head_object(Bucket=BUCKET, Key=second.key)["Metadata"]) == "grace"
