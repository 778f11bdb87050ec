"""Retrains that fail: how often they are tried, what they say, and the report that they leave."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.core.base.errors import StoreUnavailable, UnprovenModel
from functions.core.storage.s3 import S3Store
from functions.retrain import attempts
from functions.retrain.attempts import RetrainFailed
from tests.conftest import TITANIC
from tests.support.full_disk import no_room_beyond
from tests.support.uploads import BUCKET, Event, arrive, keys, model_store, read_json, record, retrain, upload
from training.publication import upload as uploads
from training.table import memory

KEY = "datasets/titanic/titanic.csv"


def reports(s3: Any) -> list[dict[str, Any]]:
    return [read_json(s3, key) for key in keys(s3, "rejected/titanic/")]


def test_a_store_that_fails_once_is_asked_again_and_the_upload_trains(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = failing(monkeypatch, StoreUnavailable("the store answered 503"), times=1)
    assert arrive(s3, event, KEY, TITANIC.read_bytes())["status"] == "promoted"
    assert calls.count(KEY) == 2
    assert reports(s3) == []
    (line,) = (line for line in logged(capsys) if line["message"] == "retrain again")
    assert (line["key"], line["reason"]) == (KEY, "the store answered 503")


@pytest.mark.parametrize(
    ("failure", "tries"),
    [
        (StoreUnavailable("the store answered 503"), 1 + len(attempts.PAUSES)),
        # It would end in the same way each time.
        (UnprovenModel("no candidate is left"), 1),
        (KeyError("a mistake"), 1),
    ],
)
def test_what_fails_for_good_leaves_a_report_for_who_waits(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch, failure: Exception, tries: int
) -> None:
    calls = failing(monkeypatch, failure, times=tries)
    with pytest.raises(RetrainFailed, match="1 of 1 uploads failed"):
        arrive(s3, event, KEY, TITANIC.read_bytes())
    assert calls.count(KEY) == tries
    (report,) = reports(s3)
    assert (report["key"], report["status"], report["bad_rows"]) == (KEY, "crashed", [])
    assert str(failure) in report["reason"]
    assert "Upload the file again" in report["reason"]
    # The next one of the same file goes through.
    assert arrive(s3, event, KEY, TITANIC.read_bytes())["status"] == "promoted"


def test_a_failure_that_cannot_be_reported_is_raised_all_the_same(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("the store could not be reached")

    monkeypatch.setattr(S3Store, "head", away)
    monkeypatch.setattr(S3Store, "put", away)
    with pytest.raises(RetrainFailed, match="could not be reached"):
        retrain(record(event, KEY))
    assert "the failure could not be reported" in [line["message"] for line in logged(capsys)]


def test_a_deleted_upload_is_passed_over_although_its_version_is_still_there(
    s3: Any, event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    version_id = upload(s3, KEY, TITANIC.read_bytes())
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    (result,) = retrain(record(event, KEY, versionId=version_id))
    assert (result["status"], result["version"]) == ("gone", None)
    assert "deleted before it was read" in result["reason"]
    assert keys(s3, "models/") == keys(s3, "rejected/") == []
    (line,) = (line for line in logged(capsys) if line["message"] == "retrain")
    assert (line["level"], line["key"]) == ("WARNING", KEY)


def test_a_refusal_is_reported_whatever_the_length_of_the_key(s3: Any, event: Event) -> None:
    key = f"datasets/titanic/{'ü' * 400}"
    longest = f"datasets/titanic/{'ü' * 501}x.csv"
    assert len(longest.encode()) == 1024
    for each in (key + ".csv", longest):
        assert arrive(s3, event, each, b"no table")["status"] == "rejected"
    assert {report["key"] for report in reports(s3)} == {key + ".csv", longest}


def test_a_full_disk_fails_the_event_and_says_what_to_do(s3: Any, event: Event) -> None:
    upload(s3, KEY, TITANIC.read_bytes())
    before = set(Path(tempfile.gettempdir()).iterdir())
    with (
        no_room_beyond(10_000),
        pytest.raises(RetrainFailed, match=r"temporary folder .* is full; up"),
    ):
        retrain(record(event, KEY))
    assert set(Path(tempfile.gettempdir()).iterdir()) <= before
    assert "ephemeral storage" in reports(s3)[0]["reason"]
    (result,) = retrain(record(event, KEY))
    assert result["status"] == "promoted"


def test_a_table_that_takes_more_memory_than_there_is_is_refused_before(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", str(memory.BASE // 2**20))
    result = arrive(s3, event, KEY, TITANIC.read_bytes())
    assert result["status"] == "rejected"
    assert (
        "350 MB (the function's memory); give the function more memory, train elsewhere "
        "(docs/scale.md), or upload fewer rows" in (result["reason"])
    )
    assert [report["reason"] for report in reports(s3)] == [result["reason"]]


def test_a_training_that_runs_out_of_memory_is_a_refusal(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def greedy(*_: object) -> None:
        bytearray(2**62)

    monkeypatch.setattr(uploads, "train", greedy)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512")
    result = arrive(s3, event, KEY, TITANIC.read_bytes())
    assert (result["status"], result["rule"]) == ("rejected", "unfit dataset")
    assert (
        "more memory than 512 MB (the function's memory); give the function more memory" in (result["reason"])
    )
    assert [report["reason"] for report in reports(s3)] == [result["reason"]]


def test_a_download_that_is_cut_off_does_not_train(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = S3Store.open

    @contextmanager
    def cut(self: S3Store, key: str, version_id: str | None = None) -> Iterator[Any]:
        with whole(self, key, version_id) as stream:
            stream.read(1_000)
            yield stream

    monkeypatch.setattr(S3Store, "open", cut)
    with pytest.raises(RetrainFailed, match=r"[0-9,]+ of [0-9,]+ bytes came of datasets/"):
        arrive(s3, event, KEY, TITANIC.read_bytes())
    assert not list(model_store().list("models/"))


def failing(monkeypatch: pytest.MonkeyPatch, failure: Exception, *, times: int) -> list[str]:
    """The store fails so often when it is asked for a dataset. The keys that it was asked for."""
    head, calls = S3Store.head, list[str]()

    def fail(self: S3Store, key: str, version_id: str | None = None) -> Any:
        calls.append(key)
        if len(calls) <= times:
            raise failure
        return head(self, key, version_id)

    monkeypatch.setattr(S3Store, "head", fail)
    return calls


def logged(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
