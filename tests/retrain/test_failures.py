"""What a retrain leaves behind that died, was damaged or lost its store: the next event makes it good."""

import json
from typing import Any

import pytest

from functions.core.base.errors import Conflict, StoreUnavailable
from functions.core.registry.keys import manifest_key, model_key
from functions.core.storage.s3 import S3Store
from functions.retrain import handler as retrain_handler
from functions.retrain.attempts import RetrainFailed
from tests.conftest import TITANIC
from tests.support.uploads import (
    BUCKET,
    CHAMPION,
    Event,
    arrive,
    champion,
    model_store,
    record,
    retrain,
    upload,
)


def test_a_damaged_champion_is_replaced_by_the_next_upload(s3: Any, event: Event) -> None:
    lines = TITANIC.read_text().splitlines(keepends=True)
    first = arrive(s3, event, "datasets/titanic/a.csv", "".join(lines[:1200]).encode())
    model_store().put(model_key(first["version"]), b"junk")
    second = arrive(s3, event, "datasets/titanic/b.csv", TITANIC.read_bytes())
    assert second["status"] == "promoted"
    assert champion(s3)["previous"] == first["version"]


def test_a_run_that_died_after_its_graph_or_its_manifest_is_finished_by_the_next_event(
    s3: Any, event: Event
) -> None:
    first = arrive(s3, event, "datasets/titanic/titanic.csv", TITANIC.read_bytes())
    s3.delete_object(Bucket=BUCKET, Key=CHAMPION)
    (finished,) = retrain(record(event, "datasets/titanic/titanic.csv"))
    assert (finished["status"], finished["version"]) == ("promoted", first["version"])
    for key in (CHAMPION, model_store().full(manifest_key(first["version"]))):
        s3.delete_object(Bucket=BUCKET, Key=key)
    (again,) = retrain(record(event, "datasets/titanic/titanic.csv"))
    assert (again["status"], again["version"]) == ("promoted", first["version"])


def test_a_damaged_record_of_the_champion_holds_up_nothing(s3: Any, event: Event) -> None:
    first = arrive(s3, event, "datasets/titanic/titanic.csv", TITANIC.read_bytes())
    for number in (1, 2):
        upload(s3, CHAMPION, b"{")
        (again,) = retrain(record(event, "datasets/titanic/titanic.csv"))
        assert (again["status"], again["version"]) == ("promoted", first["version"])
        # No number comes twice: promotions that the damaged record held may have had any up to here.
        assert champion(s3)["sequence"] > 100 * number
        assert champion(s3)["previous"] is None


def test_a_promotion_whose_answer_was_lost_is_not_made_twice(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = S3Store.create

    def lost(self: S3Store, key: str, body: bytes, **named: Any) -> str:
        etag = create(self, key, body, **named)
        if key == CHAMPION:
            raise Conflict("the SDK's own second attempt met the first")
        return etag

    monkeypatch.setattr(S3Store, "create", lost)
    result = arrive(s3, event, "datasets/titanic/titanic.csv", TITANIC.read_bytes())
    assert result["status"] == "promoted"
    assert (champion(s3)["sequence"], champion(s3)["previous"]) == (1, None)


@pytest.mark.parametrize("failure", [StoreUnavailable("the store answered 500"), ValueError("a mistake")])
def test_a_record_that_fails_does_not_hold_up_the_others(
    s3: Any,
    event: Event,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    failure: Exception,
) -> None:
    head = S3Store.head

    def away(self: S3Store, key: str, version_id: str | None = None) -> Any:
        if key == "datasets/titanic/first.csv":
            raise failure
        return head(self, key, version_id)

    monkeypatch.setattr(S3Store, "head", away)
    upload(s3, "datasets/titanic/second.csv", TITANIC.read_bytes())
    with pytest.raises(
        RetrainFailed, match=f"1 of 2 uploads failed: datasets/titanic/first.csv: {failure}"
    ) as raised:
        retrain(record(event, "datasets/titanic/first.csv"), record(event, "datasets/titanic/second.csv"))
    assert raised.value.__cause__ is failure
    assert champion(s3)["sequence"] == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["key"] for line in lines if line["message"] == "retrain failed"] == [
        "datasets/titanic/first.csv"
    ]


def test_a_store_that_is_away_says_so_and_the_event_comes_again(
    s3: Any, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    store = S3Store(BUCKET)
    for ask in (store.get, store.head, lambda key: list(store.list(key)), lambda key: store.put(key, b"")):
        with pytest.raises(StoreUnavailable, match="could not be reached") as failure:
            ask(CHAMPION)
        assert failure.value.__cause__ is not None
    retrain_handler._store.cache_clear()
    with pytest.raises(RetrainFailed, match=r"titanic\.csv: the store could not be reached"):
        retrain(record(event, "datasets/titanic/titanic.csv"))
