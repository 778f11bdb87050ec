"""Versions and promotions show in MLflow once; what is damaged or old keeps nothing else from it."""

from typing import Any

import pytest
from mlflow import MlflowClient

from functions.core.registry.keys import CHAMPION, candidates_key, manifest_key
from functions.core.storage.view import ModelStore
from functions.track.facts import read_facts
from functions.track.track import track_model
from functions.track.tracker import VERSION, Tracker, TrackingFailed
from tests.support.titanic import MODEL
from tests.support.versions import champion, promote, publish

OLD = "1" * 16


@pytest.fixture
def client(uri: str) -> MlflowClient:
    return MlflowClient(uri, uri)


def runs(client: MlflowClient, wanted: str = "tags.`lifeboat.kind` = 'version'") -> list[Any]:
    experiment = client.get_experiment_by_name(MODEL)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], wanted))


def test_a_version_shows_once_with_its_candidates_below_it(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    tracker = Tracker(uri, "s3://bucket")
    version = champion(copied).version
    assert track_model(copied, tracker).added == (version,)
    again = track_model(copied, tracker)
    assert again.added == ()
    [run] = runs(client)
    assert again.run == run.info.run_id
    children = runs(client, f"tags.`mlflow.parentRunId` = '{run.info.run_id}'")
    assert {child.info.run_name for child in children} >= {"gradient boosting", "logistic regression"}
    assert all("log_loss" in child.data.metrics and "estimator" in child.data.params for child in children)
    assert client.get_model_version_by_alias(MODEL, "champion").tags[VERSION] == version


def test_a_version_of_an_earlier_release_shows_with_what_it_has(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    version = champion(copied).version
    copied.put(candidates_key(version), b"{")
    promote(copied, OLD)
    assert set(track_model(copied, Tracker(uri, "s3://bucket")).added) == {version, OLD}
    [run] = runs(client, f"tags.`{VERSION}` = '{OLD}'")
    assert run.inputs.dataset_inputs[0].dataset.schema is None
    assert {"log_loss", "certificate.rows"} <= run.data.metrics.keys()
    assert client.get_model_version_by_alias(MODEL, "previous").tags[VERSION] == version


def test_a_damaged_version_is_left_out_without_a_trace_and_said(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    publish(copied, OLD)
    copied.delete(f"models/{OLD}/model.onnx")
    copied.put(manifest_key("2" * 16), b"{")
    tracked = track_model(copied, Tracker(uri, "s3://bucket"))
    assert tracked.damaged.keys() == {OLD, "2" * 16}
    assert len(runs(client)) == 1


def test_where_nothing_is_in_service_no_alias_says_so(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    tracker = Tracker(uri, "s3://bucket")
    track_model(copied, tracker)
    copied.delete(CHAMPION)
    assert track_model(copied, tracker).champion is None
    assert client.get_registered_model(MODEL).aliases == {}


def test_what_was_begun_and_never_finished_is_made_anew(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    tracker = Tracker(uri, "s3://bucket")
    tags = {"lifeboat.kind": "version", VERSION: champion(copied).version}
    client.create_run(tracker.experiment_of(MODEL), tags=tags)
    track_model(copied, tracker)
    [run] = runs(client)
    assert run.info.status == "FINISHED"


def test_what_was_made_twice_because_an_answer_was_late_is_there_once(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    tracker = Tracker(uri, "s3://bucket")
    version = champion(copied).version
    first = track_model(copied, tracker).run
    tracker.show_run(copied, tracker.experiment_of(MODEL), read_facts(copied, version))
    tracker.register(MODEL, version, str(first))
    track_model(copied, tracker)
    assert len(runs(client)) == 1
    [registered] = client.search_model_versions(f"name = '{MODEL}'")
    assert int(registered.version) == 1


def test_an_experiment_that_was_deleted_is_taken_back(
    client: MlflowClient, uri: str, copied: ModelStore
) -> None:
    tracker = Tracker(uri, "s3://bucket")
    experiment = track_model(copied, tracker).experiment
    client.delete_experiment(experiment)
    track_model(copied, tracker)
    assert len(runs(client)) == 1


def test_a_server_that_is_away_is_said_in_one_line(
    copied: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(TrackingFailed, match=r"^MLflow failed: .*refused"):
        track_model(copied, Tracker("http://127.0.0.1:9", "s3://bucket"))
