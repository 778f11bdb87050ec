"""Real S3 events against a real S3 protocol over a socket: what becomes of every kind of upload."""

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
import pytest
from moto.server import ThreadedMotoServer

from functions.core import promotion, registry
from functions.core.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from functions.core.lineage import to_metadata
from functions.core.manifest import Lineage
from functions.core.s3_store import S3Store
from functions.core.store import open_store, probe
from functions.retrain import handler as retrain_handler
from functions.retrain.retrain import parse_event
from tests.conftest import TITANIC
from training.__main__ import main

BUCKET = "lifeboat-test"
Event = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """boto3's own client of an empty, versioned bucket; the functions find the same one."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("LIFEBOAT_STORE", f"s3://{BUCKET}")
    for cached in (retrain_handler._settings, retrain_handler._store):
        cached.cache_clear()
    open_store(f"s3://{BUCKET}").create_bucket()
    client: Any = boto3.client("s3")
    yield client
    for kind in ("Versions", "DeleteMarkers"):
        for item in client.list_object_versions(Bucket=BUCKET).get(kind, []):
            client.delete_object(Bucket=BUCKET, Key=item["Key"], VersionId=item["VersionId"])
    client.delete_bucket(Bucket=BUCKET)


def record(event: Event, key: str, **fields: Any) -> dict[str, Any]:
    """A record of the golden event for another object; the key is encoded as S3 does it."""
    found: dict[str, Any] = event("s3_put")["Records"][0]
    found["s3"]["object"] |= {"key": quote_plus(key, safe="/"), **fields}
    return found


def upload(s3: Any, key: str, body: bytes) -> str:
    version: str = s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"]
    return version


def retrain(*records: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = retrain_handler.handler({"Records": list(records)}, None)["results"]
    return results


def keys(s3: Any, prefix: str) -> list[str]:
    return [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])]


def champion(s3: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(s3.get_object(Bucket=BUCKET, Key=promotion.CHAMPION)["Body"].read())
    return found


def test_an_upload_becomes_the_champion_and_the_same_event_again_changes_nothing(
    s3: Any, event: Event, capsys: pytest.CaptureFixture[str]
) -> None:
    version_id = upload(s3, "datasets/titanic.csv", TITANIC.read_bytes())
    (first,) = retrain(record(event, "datasets/titanic.csv", versionId=version_id))
    assert first["status"] == "promoted"
    before = {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in keys(s3, "")}
    (again,) = retrain(record(event, "datasets/titanic.csv", versionId=version_id))
    assert (again["status"], again["version"]) == ("already published", first["version"])
    assert before == {key: s3.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in keys(s3, "")}
    assert champion(s3)["sequence"] == 1
    manifest = registry.read_manifest(S3Store(BUCKET), first["version"])
    assert manifest.dataset.version_id == version_id
    assert manifest.dataset.rows == 1309
    assert manifest.decision.rule == "first champion"
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["status"] for line in lines if line["message"] == "retrain"] == [
        "promoted",
        "already published",
    ]


def test_the_lineage_of_an_upload_is_in_the_manifest(s3: Any, event: Event) -> None:
    lineage = Lineage(
        reference_key="datasets/titanic.csv",
        reference_version_id=None,
        reference_sha256="0" * 64,
        labels=1,
        reason="weekly",
        champion="0123456789abcdef",
    )
    store = S3Store(BUCKET)
    store.create("datasets/made.csv", TITANIC.read_bytes(), metadata=to_metadata(lineage))
    (result,) = retrain(record(event, "datasets/made.csv"))
    assert registry.read_manifest(store, result["version"]).dataset.lineage == lineage


def test_what_cannot_train_is_reported_and_the_champion_stays(s3: Any, event: Event) -> None:
    upload(s3, "datasets/good.csv", TITANIC.read_bytes())
    retrain(record(event, "datasets/good.csv"))
    before = champion(s3)
    bad = b"pclass,survived,sex\n" + b"1,1,male\n9,1,male\n" * 50
    upload(s3, "datasets/bad file+1.csv", bad)
    upload(s3, "datasets/empty.csv", b"")
    upload(s3, "datasets/picture.csv", bytes(range(256)) * 50)
    results = retrain(
        record(event, "datasets/bad file+1.csv"),
        record(event, "datasets/empty.csv"),
        record(event, "datasets/picture.csv"),
    )
    assert [result["status"] for result in results] == ["rejected"] * 3
    assert results[0]["key"] == "datasets/bad file+1.csv"
    reports = [
        json.loads(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()) for key in keys(s3, "rejected/")
    ]
    by_key = {report["key"]: report for report in reports}
    assert by_key["datasets/bad file+1.csv"]["rejected_rows"] == 50
    assert by_key["datasets/bad file+1.csv"]["bad_rows"][0]["line"] == 3
    assert "empty" in by_key["datasets/empty.csv"]["reason"]
    assert champion(s3) == before


def test_what_is_no_dataset_is_passed_over(s3: Any, event: Event) -> None:
    upload(s3, "datasets/", b"")
    upload(s3, "models/x.csv", b"pclass\n")
    results = retrain(
        record(event, "datasets/"),
        record(event, "models/x.csv"),
        record(event, "datasets/gone.csv"),
        record(event, "datasets/notes.txt"),
    )
    assert [result["status"] for result in results] == ["ignored", "ignored", "gone", "ignored"]
    assert keys(s3, "rejected/") == []


def test_a_file_over_the_limit_is_refused_unread(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MAX_DATASET_BYTES", "1000")
    upload(s3, "datasets/large.csv", TITANIC.read_bytes())
    (result,) = retrain(record(event, "datasets/large.csv"))
    assert result["status"] == "rejected"
    assert "1 to 1000 bytes" in result["reason"]
    assert len(keys(s3, "rejected/")) == 1


def test_an_event_that_comes_late_trains_on_what_it_names_and_does_not_replace_a_newer_upload(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = TITANIC.read_text().splitlines(keepends=True)
    old = upload(s3, "datasets/titanic.csv", "".join(lines[:1200]).encode())
    new = upload(s3, "datasets/titanic.csv", TITANIC.read_bytes())
    store = retrain_handler._store()
    head = S3Store.head
    # The protocol's times have seconds, and the two uploads share one.
    monkeypatch.setattr(
        S3Store,
        "head",
        lambda self, key, version_id=None: _earlier(head(self, key, version_id), version_id == old),
    )
    (newer,) = retrain(record(event, "datasets/titanic.csv", versionId=new, sequencer="02"))
    (older,) = retrain(record(event, "datasets/titanic.csv", versionId=old, sequencer="01"))
    assert newer["status"] == "promoted"
    assert older["status"] == "published"
    assert "uploaded later" in older["reason"]
    assert registry.read_manifest(store, older["version"]).dataset.version_id == old
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
    upload(s3, "datasets/train.csv", b"\xef\xbb\xbf" + out.getvalue().encode())
    (result,) = retrain(record(event, "datasets/train.csv"))
    assert result["status"] == "promoted"
    assert registry.read_manifest(S3Store(BUCKET), result["version"]).dataset.rows == 1000


def test_a_damaged_champion_is_replaced_by_the_next_upload(s3: Any, event: Event) -> None:
    lines = TITANIC.read_text().splitlines(keepends=True)
    upload(s3, "datasets/a.csv", "".join(lines[:1200]).encode())
    (first,) = retrain(record(event, "datasets/a.csv"))
    upload(s3, registry.model_key(first["version"]), b"junk")
    upload(s3, "datasets/b.csv", TITANIC.read_bytes())
    (second,) = retrain(record(event, "datasets/b.csv"))
    assert second["status"] == "promoted"
    assert champion(s3)["previous"] == first["version"]


def test_a_run_that_died_after_its_graph_or_its_manifest_is_finished_by_the_next_event(
    s3: Any, event: Event
) -> None:
    upload(s3, "datasets/titanic.csv", TITANIC.read_bytes())
    (first,) = retrain(record(event, "datasets/titanic.csv"))
    s3.delete_object(Bucket=BUCKET, Key=promotion.CHAMPION)
    (finished,) = retrain(record(event, "datasets/titanic.csv"))
    assert (finished["status"], finished["version"]) == ("promoted", first["version"])
    for key in (promotion.CHAMPION, registry.manifest_key(first["version"])):
        s3.delete_object(Bucket=BUCKET, Key=key)
    (again,) = retrain(record(event, "datasets/titanic.csv"))
    assert (again["status"], again["version"]) == ("promoted", first["version"])


def test_a_damaged_record_of_the_champion_holds_up_nothing(s3: Any, event: Event) -> None:
    upload(s3, "datasets/titanic.csv", TITANIC.read_bytes())
    (first,) = retrain(record(event, "datasets/titanic.csv"))
    for number in (1, 2):
        upload(s3, promotion.CHAMPION, b"{")
        (again,) = retrain(record(event, "datasets/titanic.csv"))
        assert (again["status"], again["version"]) == ("promoted", first["version"])
        # No number comes twice: promotions that the damaged record held may have had any up to here.
        assert champion(s3)["sequence"] > 100 * number
        assert champion(s3)["previous"] is None


def test_a_promotion_whose_answer_was_lost_is_not_made_twice(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = S3Store.create

    def lost(self: S3Store, key: str, body: bytes) -> str:
        etag = create(self, key, body)
        if key == promotion.CHAMPION:
            raise Conflict("the SDK's own second attempt met the first")
        return etag

    monkeypatch.setattr(S3Store, "create", lost)
    upload(s3, "datasets/titanic.csv", TITANIC.read_bytes())
    (result,) = retrain(record(event, "datasets/titanic.csv"))
    assert result["status"] == "promoted"
    assert (champion(s3)["sequence"], champion(s3)["previous"]) == (1, None)


def test_a_record_that_fails_does_not_hold_up_the_others(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    head = S3Store.head

    def away(self: S3Store, key: str, version_id: str | None = None) -> Any:
        if key == "datasets/first.csv":
            raise StoreUnavailable("the store answered 500")
        return head(self, key, version_id)

    monkeypatch.setattr(S3Store, "head", away)
    upload(s3, "datasets/second.csv", TITANIC.read_bytes())
    with pytest.raises(StoreUnavailable, match="answered 500"):
        retrain(record(event, "datasets/first.csv"), record(event, "datasets/second.csv"))
    assert champion(s3)["sequence"] == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["key"] for line in lines if line["message"] == "retrain failed"] == ["datasets/first.csv"]


def test_a_store_that_never_answers_is_given_up_within_the_time_that_predict_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{deaf.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(StoreUnavailable, match="could not be reached"):
            S3Store(BUCKET).get(promotion.CHAMPION)
        assert time.monotonic() - began < 15


def test_the_limits_of_the_gate_come_from_the_environment(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIFEBOAT_MIN_ROC_AUC", "0.99")
    upload(s3, "datasets/titanic.csv", TITANIC.read_bytes())
    (result,) = retrain(record(event, "datasets/titanic.csv"))
    assert (result["status"], result["rule"]) == ("published", "floor: ROC AUC")
    assert result["limits"]["min_roc_auc"] == 0.99
    assert 0.8 < result["numbers"]["roc_auc"] < 0.99
    json.dumps(result)
    retrain_handler._settings.cache_clear()
    monkeypatch.setenv("LIFEBOAT_MARGIN", "-1")
    with pytest.raises(SystemExit, match="LIFEBOAT_MARGIN: Input should be greater than or equal to 0"):
        retrain(record(event, "datasets/titanic.csv"))


def test_settings_that_name_no_store_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreUnavailable, match="no store has such a bucket"):
        S3Store("Bad_Bucket!!").get("k")
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StoreUnavailable, match="AWS settings"):
        S3Store(BUCKET)


def test_records_come_oldest_first_and_only_uploads_count(event: Event) -> None:
    removed = record(event, "datasets/r.csv") | {"eventName": "ObjectRemoved:Delete"}
    late = record(event, "datasets/a+b c.csv", sequencer="0B")
    early = record(event, "datasets/ü.csv", sequencer="0A99")
    found = parse_event({"Records": [late, removed, early]})
    assert [notification.key for notification in found] == ["datasets/ü.csv", "datasets/a+b c.csv"]
    assert parse_event(event("s3_test_event")) == []
    for wrong in ({}, {"Records": [{"eventSource": "aws:sqs"}]}, event("http_predict")):
        with pytest.raises(InvalidInput, match="S3 notification"):
            parse_event(wrong)


def test_the_store_over_the_protocol_keeps_its_promises(s3: Any) -> None:
    store = S3Store(BUCKET)
    probe(store)
    etag = store.create("a/1", b"one", metadata={"made-by": "a test"})
    assert store.head("a/1").metadata == {"made-by": "a test"}
    assert store.get_if_changed("a/1", etag) is None
    with pytest.raises(Conflict):
        store.create("a/1", b"two")
    store.replace("a/1", b"two", etag=etag)
    assert store.head("a/1").metadata == {}
    with pytest.raises(Conflict):
        store.replace("a/1", b"three", etag=etag)
    with pytest.raises(Conflict):
        store.replace("a/none", b"three", etag=etag)
    changed = store.get_if_changed("a/1", etag)
    assert changed is not None
    assert changed.body == b"two"
    assert [entry.key for entry in store.list("a/")] == ["a/1"]
    for read in (store.get, store.head, lambda key: store.get_if_changed(key, etag)):
        with pytest.raises(NotFound):
            read("a/none")
    with pytest.raises(NotFound), store.open("a/none"):
        pass
    store.create_bucket()


def test_a_store_that_is_away_says_so_and_the_event_comes_again(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = S3Store(BUCKET)
    for ask in (store.get, store.head, lambda key: list(store.list(key)), lambda key: store.put(key, b"")):
        with pytest.raises(StoreUnavailable, match="could not be reached") as failure:
            ask("registry/champion.json")
        assert failure.value.__cause__ is not None
    retrain_handler._store.cache_clear()
    with pytest.raises(StoreUnavailable):
        retrain(record(event, "datasets/titanic.csv"))


def test_the_command_line_trains_from_and_into_s3(s3: Any, capsys: pytest.CaptureFixture[str]) -> None:
    upload(s3, "uploads/titanic.csv", TITANIC.read_bytes())
    address = f"s3://{BUCKET}/uploads/titanic.csv"
    assert main(["--dataset", address, "--store", f"s3://{BUCKET}", "--folds", "2"]) == 0
    assert "promoted" in capsys.readouterr().out
    assert champion(s3)["by"] == "command line"
    assert main(["--dataset", f"s3://{BUCKET}/uploads/none.csv", "--store", f"s3://{BUCKET}"]) == 1
    assert "no uploads/none.csv" in capsys.readouterr().err


def test_the_command_line_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("pclass,survived,sex\n" + "1,1,male\n9,1,male\n" * 5)
    store = str(tmp_path / "store")
    assert main(["--dataset", str(bad), "--store", store]) == 1
    assert "rejected: 5 of 10 rows are bad" in capsys.readouterr().out
    assert main(["evaluate", "--dataset", str(bad)]) == 1
    assert "line 3, pclass: Input should be 1, 2 or 3" in capsys.readouterr().err
    assert main(["--dataset", str(tmp_path / "none.csv"), "--store", store]) == 1
    assert main(["--store", "https://x"]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["--folds", "1"])


def test_the_command_line_compares_the_candidates(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--folds", "2", "--repeats", "1"]) == 0
    said = capsys.readouterr()
    assert "2-fold x 1 cross-validation over all 1309 rows" in said.out
    assert "logistic regression" in said.out
    assert "[0/" in said.err


def test_the_command_line_stops_when_asked(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "training", "--store", str(tmp_path), "--folds", "10", "--repeats", "10"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
