"""Real S3 events against a real S3 protocol over a socket: what becomes of every kind of upload."""

import gzip
import json
from datetime import timedelta
from typing import Any

import pytest

from functions.core.base.errors import InvalidInput
from functions.core.registry import versions
from functions.core.registry.lineage import to_metadata
from functions.core.registry.manifest import Lineage
from functions.core.schema.document.parsing import read_schema
from functions.core.storage.notifications import parse_event
from functions.core.storage.s3 import S3Store
from functions.retrain import handler as retrain_handler
from functions.retrain.attempts import RetrainFailed
from functions.retrain.retrain import StepLog
from tests.conftest import TITANIC
from tests.support.strangers import churn_table
from tests.support.uploads import (
    BUCKET,
    Event,
    arrive,
    champion,
    keys,
    model_store,
    read_json,
    record,
    retrain,
    upload,
)


def test_an_upload_becomes_the_champion_and_the_same_event_again_changes_nothing(
    s3: Any, event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    version_id = upload(s3, "datasets/titanic/titanic.csv", TITANIC.read_bytes())
    (first,) = retrain(record(event, "datasets/titanic/titanic.csv", versionId=version_id))
    assert first["status"] == "promoted"
    before = {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in keys(s3, "")}
    (again,) = retrain(record(event, "datasets/titanic/titanic.csv", versionId=version_id))
    assert (again["status"], again["version"]) == ("already published", first["version"])
    assert before == {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in keys(s3, "")}
    assert champion(s3)["sequence"] == 1
    manifest = versions.read_manifest(model_store(), first["version"])
    assert manifest.dataset.version_id == version_id
    assert manifest.dataset.rows == 1309
    assert manifest.decision.rule == "first champion"
    # As the environment says: see tests/conftest.py.
    assert manifest.configuration["folds"] == 2
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines if line["message"] == "retrain"] == [
        "promoted",
        "already published",
    ]


def test_the_lineage_of_an_upload_is_in_the_manifest(s3: Any, event: Event) -> None:
    lineage = Lineage(
        reference_key="datasets/titanic/titanic.csv",
        reference_version_id=None,
        reference_sha256="0" * 64,
        labels=1,
        reason="weekly",
        champion="0123456789abcdef",
    )
    store = model_store()
    store.create("datasets/made.csv", TITANIC.read_bytes(), metadata=to_metadata(lineage))
    (result,) = retrain(record(event, "datasets/titanic/made.csv"))
    assert versions.read_manifest(store, result["version"]).dataset.lineage == lineage


def test_what_cannot_train_is_reported_and_the_champion_stays(s3: Any, event: Event) -> None:
    upload(s3, "datasets/titanic/good.csv", TITANIC.read_bytes())
    retrain(record(event, "datasets/titanic/good.csv"))
    before = champion(s3)
    bad = b"pclass,survived,sex\n" + b"1,1,male\n9,1,male\n" * 50
    upload(s3, "datasets/titanic/bad file+1.csv", bad)
    upload(s3, "datasets/titanic/empty.csv", b"")
    upload(s3, "datasets/titanic/picture.csv", bytes(range(256)) * 50)
    results = retrain(
        record(event, "datasets/titanic/bad file+1.csv"),
        record(event, "datasets/titanic/empty.csv"),
        record(event, "datasets/titanic/picture.csv"),
    )
    assert [result["status"] for result in results] == ["rejected"] * 3
    assert results[0]["key"] == "datasets/titanic/bad file+1.csv"
    reports = [read_json(s3, key) for key in keys(s3, "rejected/titanic/")]
    by_key = {report["key"]: report for report in reports}
    assert by_key["datasets/titanic/bad file+1.csv"]["rejected_rows"] == 50
    assert by_key["datasets/titanic/bad file+1.csv"]["bad_rows"][0]["line"] == 3
    assert "empty" in by_key["datasets/titanic/empty.csv"]["reason"]
    assert champion(s3) == before


def test_what_is_no_dataset_is_passed_over_and_said(
    s3: Any, event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    upload(s3, "models/x.csv", b"pclass\n")
    results = retrain(
        record(event, "datasets/"),
        record(event, "models/x.csv"),
        record(event, "datasets/titanic/gone.csv"),
        record(event, "datasets/titanic/notes.txt"),
        record(event, "datasets/Telco Churn.csv"),
        record(event, "datasets/Telco/churn.csv"),
        record(event, "datasets/history/churn.csv"),
    )
    assert [result["status"] for result in results] == ["ignored", "ignored", "gone", *["ignored"] * 4]
    lower_case = "Telco cannot be a model: a model's name has 1 to 40 lower-case letters"
    for result, reason in zip(
        results[3:],
        (
            "that end with .csv or .csv.gz are datasets: put it at datasets/{model}/{file}.csv",
            "it names no model: put it at datasets/{model}/{file}.csv, such as "
            "datasets/telco-churn/Telco Churn.csv",
            lower_case,
            "history cannot be a model",
        ),
        strict=True,
    ):
        assert reason in result["reason"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["level"] for line in lines if line["message"] == "retrain"} == {"WARNING"}
    assert keys(s3, "rejected/") == []


def test_a_file_over_the_limit_is_refused_unread(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MAX_DATASET_BYTES", "1000")
    result = arrive(s3, event, "datasets/titanic/large.csv", TITANIC.read_bytes())
    assert result["status"] == "rejected"
    size = TITANIC.stat().st_size
    assert result["reason"] == (
        f"the file has {size:,} bytes, and this function trains on 1,000 at most "
        "(LIFEBOAT_MAX_DATASET_BYTES). It stays where it is, to be trained on a machine with more memory: "
        "python -m training train --dataset s3://BUCKET/datasets/titanic/large.csv --model titanic "
        "--store s3://BUCKET (docs/scale.md)"
    )
    [key] = keys(s3, "rejected/")
    assert read_json(s3, key)["reason"] == result["reason"]
    assert keys(s3, "datasets/titanic/") == ["datasets/titanic/large.csv"]
    empty = arrive(s3, event, "datasets/titanic/empty.csv", b"")
    assert empty["reason"] == "the file is empty; it needs a header line and rows"


def test_the_command_in_a_refusal_names_the_target_that_was_asked_for(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MAX_DATASET_BYTES", "1000")
    result = arrive(s3, event, "datasets/churn/a b.csv", TITANIC.read_bytes(), target="has left")
    assert (
        "--dataset 's3://BUCKET/datasets/churn/a b.csv' --target 'has left' --model churn" in result["reason"]
    )


def test_an_event_that_comes_late_trains_on_what_it_names_and_does_not_replace_a_newer_upload(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = TITANIC.read_text().splitlines(keepends=True)
    old = upload(s3, "datasets/titanic/titanic.csv", "".join(lines[:1200]).encode())
    new = upload(s3, "datasets/titanic/titanic.csv", TITANIC.read_bytes())
    store = model_store()
    head = S3Store.head
    # The protocol's times have seconds, and the two uploads share one.
    monkeypatch.setattr(
        S3Store,
        "head",
        lambda self, key, version_id=None: _earlier(head(self, key, version_id), version_id == old),
    )
    (newer,) = retrain(record(event, "datasets/titanic/titanic.csv", versionId=new, sequencer="02"))
    (older,) = retrain(record(event, "datasets/titanic/titanic.csv", versionId=old, sequencer="01"))
    assert newer["status"] == "promoted"
    assert older["status"] == "published"
    assert "uploaded later" in older["reason"]
    assert versions.read_manifest(store, older["version"]).dataset.version_id == old
    assert champion(s3)["version"] == newer["version"]


def _earlier(entry: Any, shift: bool) -> Any:
    if not shift:
        return entry
    return type(entry)(
        entry.key, entry.size, entry.etag, entry.modified - timedelta(minutes=1), entry.version_id
    )


def test_a_kaggle_file_becomes_a_version_of_its_own(s3: Any, event: Event) -> None:
    header = "PassengerId,Survived,Pclass,Name,Sex,Age,SibSp,Parch,Ticket,Fare,Cabin,Embarked"
    import csv
    import io

    rows = list(csv.DictReader(io.StringIO(TITANIC.read_text())))[:1000]
    out = io.StringIO()
    writer = csv.DictWriter(out, header.split(","), lineterminator="\r\n")
    writer.writeheader()
    for number, row in enumerate(rows, 1):
        known = {name: row[name.lower()] for name in header.split(",")[1:]}
        writer.writerow({"PassengerId": number, **known})
    result = arrive(s3, event, "datasets/titanic/train.csv", b"\xef\xbb\xbf" + out.getvalue().encode())
    assert result["status"] == "promoted"
    assert versions.read_manifest(model_store(), result["version"]).dataset.rows == 1000


def test_a_new_model_is_born_by_an_upload_that_names_its_target(s3: Any, event: Event) -> None:
    body = churn_table(900).encode()
    result = arrive(s3, event, "datasets/loss/2026/churn.csv.gz", gzip.compress(body), target="churned")
    assert (result["model"], result["status"]) == ("loss", "promoted")
    assert result["columns"]["passed_over"] == ["Customer ID"]
    assert result["notes"]
    schema = read_schema(s3.get_object(Bucket=BUCKET, Key="schemas/loss.json")["Body"].read())
    assert schema.target.name == "Churned"
    assert champion(s3, "loss")["version"] == result["version"]
    report = read_json(s3, f"models/loss/{result['version']}/report.json")
    assert report["columns"]["passed_over"] == ["Customer ID"]
    manifest = versions.read_manifest(model_store("loss"), result["version"])
    assert (manifest.name, manifest.dataset.key) == ("loss", "datasets/loss/2026/churn.csv.gz")
    # The Titanic has no part in it.
    assert keys(s3, "models/titanic/") == keys(s3, "registry/titanic/") == []


def test_a_new_model_without_a_target_is_rejected_with_the_columns_that_could_be_it(
    s3: Any, event: Event
) -> None:
    result = arrive(s3, event, "datasets/loss/a.csv", churn_table().encode())
    assert (result["status"], result["version"]) == ("rejected", None)
    assert "Churned" in result["reason"]
    [key] = keys(s3, "rejected/")
    assert key.startswith("rejected/loss/a.csv.")
    assert read_json(s3, key)["reason"] == result["reason"]
    assert keys(s3, "schemas/") == ["schemas/titanic.json"]


def test_a_record_that_an_error_of_the_system_stops_does_not_hold_up_the_others(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_ = S3Store.open

    def full(self: S3Store, key: str, version_id: str | None = None) -> Any:
        if key.endswith("first.csv"):
            raise OSError(28, "No space left on device")
        return open_(self, key, version_id)

    monkeypatch.setattr(S3Store, "open", full)
    for name in ("first", "second"):
        upload(s3, f"datasets/titanic/{name}.csv", TITANIC.read_bytes())
    with pytest.raises(RetrainFailed, match=r"1 of 2 uploads failed: datasets/titanic/first\.csv"):
        retrain(record(event, "datasets/titanic/first.csv"), record(event, "datasets/titanic/second.csv"))
    assert champion(s3)["sequence"] == 1


def test_the_limits_of_the_gate_come_from_the_environment(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MIN_ROC_AUC", "0.99")
    result = arrive(s3, event, "datasets/titanic/titanic.csv", TITANIC.read_bytes())
    assert (result["status"], result["rule"]) == ("published", "floor: ROC AUC")
    assert result["limits"]["min_roc_auc"] == 0.99
    assert 0.8 < result["numbers"]["roc_auc"] < 0.99
    json.dumps(result)
    retrain_handler._settings.cache_clear()
    monkeypatch.setenv("LIFEBOAT_MARGIN", "-1")
    with pytest.raises(SystemExit, match="LIFEBOAT_MARGIN: a number is wanted, at least 0"):
        retrain(record(event, "datasets/titanic/titanic.csv"))


def test_records_come_oldest_first_and_only_uploads_count(event: Event) -> None:
    removed = record(event, "datasets/titanic/r.csv") | {"eventName": "ObjectRemoved:Delete"}
    late = record(event, "datasets/titanic/a+b c.csv", sequencer="0B")
    early = record(event, "datasets/titanic/ü.csv", sequencer="0A99")
    found = parse_event({"Records": [late, removed, early]})
    assert [notification.key for notification in found] == [
        "datasets/titanic/ü.csv",
        "datasets/titanic/a+b c.csv",
    ]
    assert parse_event(event("s3_test_event")) == []
    for wrong in ({}, {"Records": [{"eventSource": "aws:sqs"}]}, event("http_predict"), None, [late]):
        with pytest.raises(InvalidInput, match="S3 notification"):
            parse_event(wrong)


def test_a_record_that_s3_did_not_write_is_passed_over_with_a_line(
    event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    upload = record(event, "datasets/titanic/a.csv")
    keyless = record(event, "datasets/titanic/b.csv")
    del keyless["s3"]["object"]["key"]
    found = parse_event({"Records": [{"eventSource": "aws:sqs", "body": "{}"}, keyless, upload]})
    assert [notification.key for notification in found] == ["datasets/titanic/a.csv"]
    queued, damaged = map(json.loads, capsys.readouterr().out.splitlines())
    assert (queued["message"], queued["record"]) == ("record passed over", 1)
    assert (damaged["level"], damaged["record"]) == ("WARNING", 2)
    assert "s3.object.key" in damaged["reason"]


def test_each_step_of_a_training_is_logged_once(capsys: pytest.CaptureFixture[str]) -> None:
    steps = StepLog()
    for done in range(5):
        steps("logistic regression", done, 10)
    steps("histogram gradient boosting", 5, 10)
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["step"], line["done"]) for line in lines] == [
        ("logistic regression", 0),
        ("histogram gradient boosting", 5),
    ]
