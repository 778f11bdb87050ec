"""Every version shows in a real MLflow once, whatever MLflow did meanwhile, and which one serves."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from functions.core.registry import deployment, versions
from functions.core.registry.keys import candidates_key, manifest_key
from functions.core.storage.view import ModelStore
from functions.track.track import Tracked, track_model
from functions.track.tracker import VERSION, Tracker, TrackingFailed
from tests.conftest import Call
from tests.mlflow.conftest import SECOND, Server, wipe
from tests.mlflow.environment import run_program
from tests.mlflow.troubles import Trouble, away, failing, hanging
from tests.support.titanic import MODEL, row
from tests.support.versions import champion, promote

Track = Callable[[ModelStore], Tracked]


def test_a_version_is_a_run_with_its_figures_and_a_child_for_each_candidate(
    mlflow: Server, track: Track, two_versions: ModelStore
) -> None:
    first = champion(two_versions).version
    assert track(two_versions).added == (first, SECOND)
    manifest = versions.read_manifest(two_versions, first)
    run, second = mlflow.runs("tags.`lifeboat.kind` = 'version'", "attributes.start_time DESC")
    assert (run["tags"][VERSION], second["tags"][VERSION]) == (first, SECOND)
    assert run["status"] == second["status"] == "FINISHED"
    auc = manifest.metrics["roc_auc"]
    shown = [run["metrics"][f"roc_auc{end}"] for end in ("", "_low", "_high")]
    assert shown == pytest.approx([auc.value, auc.low, auc.high])
    assert run["metrics"]["certificate.label_flips"] == 0
    assert run["params"]["library.onnx"] == manifest.libraries["onnx"]
    assert run["tags"]["lifeboat.decision"] == "promote"
    assert run["tags"]["lifeboat.decision.reason"] == manifest.decision.reason
    candidates = mlflow.runs(f"tags.`mlflow.parentRunId` = '{run['id']}'")
    assert {child["tags"]["mlflow.runName"] for child in candidates} == manifest.selection.keys()
    [winner] = [child for child in candidates if child["tags"]["lifeboat.selected"] == "true"]
    assert winner["metrics"] == pytest.approx(manifest.selection[manifest.model])
    set_to = json.loads(two_versions.get(candidates_key(first)).body)[manifest.model]
    assert winner["params"] == {name: str(value) for name, value in set_to.items()}
    [dataset] = run["inputs"]
    assert dataset["dataset"]["digest"] == manifest.dataset.sha256[:36]
    assert json.loads(dataset["dataset"]["source"])["uri"] == f"s3://bucket/{manifest.dataset.key}"
    assert mlflow.artifacts(run["id"], "plots") == [
        f"plots/{name}.svg" for name in ("calibration", "confusion", "drift", "roc")
    ]
    assert "records/certificate.json" in mlflow.artifacts(run["id"], "records")
    # The rows of people stay in the store.
    assert not {"model/holdout.json", "model/rows.json"} & {*mlflow.artifacts(run["id"], "model")}


def test_what_is_shown_already_is_not_shown_again(
    mlflow: Server, track: Track, two_versions: ModelStore
) -> None:
    track(two_versions)
    runs, numbers = mlflow.runs(), mlflow.versions()
    assert track(two_versions).added == ()
    assert (mlflow.runs(), mlflow.versions()) == (runs, numbers)
    assert numbers == {champion(two_versions).version: "1", SECOND: "2"}


def test_aliases_follow_a_promotion_and_a_rollback(
    mlflow: Server, track: Track, two_versions: ModelStore
) -> None:
    first = champion(two_versions).version
    track(two_versions)
    assert mlflow.aliases() == {"champion": "1"}
    promote(two_versions, SECOND)
    track(two_versions)
    assert mlflow.aliases() == {"champion": "2", "previous": "1"}
    deployment.rollback(two_versions, to=first, by="test", reason="complaints")
    track(two_versions)
    assert mlflow.aliases() == {"champion": "1", "previous": "2"}


def test_the_store_is_right_whatever_somebody_said_in_mlflow(
    mlflow: Server, track: Track, two_versions: ModelStore
) -> None:
    track(two_versions)
    mlflow.ask("POST", "registered-models/alias", name=MODEL, alias="champion", version="2")
    mlflow.ask("POST", "runs/delete", run_id=mlflow.runs(f"tags.`{VERSION}` = '{SECOND}'")[0]["id"])
    track(two_versions)
    assert mlflow.aliases() == {"champion": "1"}
    assert len(mlflow.runs(f"tags.`{VERSION}` = '{SECOND}'")) == 1


def test_mlflow_s_own_client_finds_the_best_and_loads_the_champion(
    mlflow: Server, track: Track, two_versions: ModelStore, call: Call
) -> None:
    rows = [row(), row(sex="female", pclass=1), row(age=None)]
    first = champion(two_versions).version
    track(two_versions)
    read = run_program("ask", MODEL, sent=rows, MLFLOW_TRACKING_URI=mlflow.uri)
    assert [run["tags.lifeboat.version"] for run in read["runs"]] in ([first, SECOND], [SECOND, first])
    manifest = versions.read_manifest(two_versions, first)
    losses = {name: metrics["log_loss"] for name, metrics in manifest.selection.items()}
    assert read["best"] == [min(losses, key=lambda name: losses[name])]
    assert read["champion"] == first
    assert "survived" in read["columns"]
    answers = [call("POST", "/predict", json.dumps(sent))[1]["probability"] for sent in rows]
    assert read["probability"] == answers


def test_mlflow_s_page_of_a_run_finds_it(mlflow: Server, track: Track, two_versions: ModelStore) -> None:
    """Its pages ask in GraphQL, for which the lock once had a library of another age."""
    run = track(two_versions).run
    query = "query Q($run: String) { mlflowGetRun(input: {runId: $run}) { run { info { runName } } } }"
    asked = {"operationName": "Q", "query": query, "variables": {"run": run}}
    answer = mlflow.api.post("/graphql", json=asked)
    assert answer.status_code == 200, answer.text[:500]
    found = answer.json()["data"]["mlflowGetRun"]["run"]["info"]["runName"]
    assert found == champion(two_versions).version


def test_a_run_that_died_midway_is_made_anew(
    mlflow: Server, two_versions: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracker = Tracker(mlflow.uri, "s3://bucket")
    with monkeypatch.context() as patch:
        patch.setattr(tracker, "_end", died)
        with pytest.raises(RuntimeError):
            track_model(two_versions, tracker)
    assert [run["status"] for run in mlflow.runs()] == ["RUNNING"] * 2
    track_model(two_versions, tracker)
    kinds = [run["tags"]["lifeboat.kind"] for run in mlflow.runs()]
    assert kinds.count("version") == 2
    assert {run["status"] for run in mlflow.runs()} == {"FINISHED"}
    assert len(mlflow.versions()) == 2


def died(*_: object) -> None:
    raise RuntimeError("killed")


def test_a_version_that_is_damaged_is_left_out_and_said(
    mlflow: Server, track: Track, two_versions: ModelStore
) -> None:
    two_versions.put(manifest_key(SECOND), b"{")
    tracked = track(two_versions)
    assert "has been changed" in tracked.damaged[SECOND]
    assert [*mlflow.versions()] == [champion(two_versions).version]


@pytest.mark.parametrize("trouble", [away, failing, hanging])
def test_what_happens_while_mlflow_is_in_trouble_is_there_once_afterwards(
    mlflow: Server,
    track: Track,
    two_versions: ModelStore,
    trouble: Trouble,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as impatient:
        impatient.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "2")
        impatient.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
        meet(two_versions, trouble)
    track(two_versions)
    assert len(mlflow.runs("tags.`lifeboat.kind` = 'version'")) == 2
    assert mlflow.aliases() == {"champion": "2", "previous": "1"}


def meet(two_versions: ModelStore, trouble: Trouble) -> None:
    """Publish and promote while MLflow is in trouble."""
    with trouble(0) as uri, pytest.raises(TrackingFailed, match=r"^MLflow failed: "):
        track_model(two_versions, Tracker(uri, "s3://bucket"))
    promote(two_versions, SECOND)
    with trouble(0) as uri, pytest.raises(TrackingFailed):
        track_model(two_versions, Tracker(uri, "s3://bucket"))


def test_what_was_wiped_is_there_again(mlflow: Server, track: Track, two_versions: ModelStore) -> None:
    track(two_versions)
    wipe(mlflow)
    assert len(track(two_versions).added) == 2
    assert mlflow.aliases() == {"champion": "1"}
    assert len(mlflow.versions()) == 2


def test_an_experiment_that_was_deleted_is_taken_back(
    mlflow: Server, track: Track, two_versions: ModelStore
) -> None:
    experiment = track(two_versions).experiment
    mlflow.ask("POST", "experiments/delete", experiment_id=experiment)
    assert track(two_versions).experiment == experiment
    assert len(mlflow.runs("tags.`lifeboat.kind` = 'version'")) == 2


def test_mlflow_is_never_asked_for_more_than_it_takes_to_see_that_nothing_is_new(
    mlflow: Server, track: Track, two_versions: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    import requests

    track(two_versions)
    asked: list[str] = []
    send = requests.Session.request

    def counted(session: requests.Session, method: str, url: str, **rest: Any) -> requests.Response:
        asked.append(url)
        return send(session, method, url, **rest)

    monkeypatch.setattr(requests.Session, "request", counted)
    track(two_versions)
    assert len(asked) == 4
    assert httpx.get(f"{mlflow.uri}/health").status_code == 200
