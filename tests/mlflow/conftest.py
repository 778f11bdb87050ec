"""A real MLflow with SQLite and artifacts in a folder, and a store with two versions to show in it."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.track import tracker as trackers
from functions.track.track import Tracked, track_model
from functions.track.tracker import Tracker
from tests.mlflow.environment import free_port, mlflow_serving, provide_mlflow
from tests.support.cannot_run import or_cannot_run
from tests.support.titanic import MODEL
from tests.support.versions import publish

TARGET = "test-track"
# As an earlier release published it: without what MLflow reads, and without how its candidates were set.
SECOND = "2" * 16


@pytest.fixture(scope="session", autouse=True)
def _installed(request: pytest.FixtureRequest) -> None:
    with or_cannot_run(TARGET, request.session):
        provide_mlflow()


@dataclass
class Server:
    """An MLflow, which can be stopped, and begun anew with nothing in it."""

    uri: str
    api: httpx.Client

    def ask(self, method: str, route: str, /, **body: Any) -> dict[str, Any]:
        """What its REST API answers: https://mlflow.org/docs/latest/api_reference/rest-api.html"""
        asked = (None, body) if method == "GET" else (body, None)
        answer = self.api.request(method, f"/api/2.0/mlflow/{route}", json=asked[0], params=asked[1])
        assert answer.status_code == 200, answer.text
        read: dict[str, Any] = answer.json()
        return read

    def runs(self, wanted: str = "", order: str = "start_time") -> list[dict[str, Any]]:
        """The runs of the model, as a flat dict each: id, status, params, metrics, tags."""
        experiment = self.ask("GET", "experiments/get-by-name", experiment_name=MODEL)["experiment"]
        body = {"experiment_ids": [experiment["experiment_id"]], "filter": wanted, "order_by": [order]}
        found = self.ask("POST", "runs/search", **body).get("runs", [])
        return [
            {
                "id": run["info"]["run_id"],
                "status": run["info"]["status"],
                "inputs": run.get("inputs", {}).get("dataset_inputs", []),
                **{
                    kind: {entry["key"]: entry["value"] for entry in run["data"].get(kind, [])}
                    for kind in ("params", "metrics", "tags")
                },
            }
            for run in found
        ]

    def versions(self) -> dict[str, str]:
        """Which of MLflow's numbers each registered version has."""
        found = self.ask("GET", "model-versions/search", filter=f"name='{MODEL}'").get("model_versions", [])
        assert len({entry["version"] for entry in found}) == len(found)
        return {
            tag["value"]: entry["version"]
            for entry in found
            for tag in entry["tags"]
            if tag["key"] == trackers.VERSION
        }

    def aliases(self) -> dict[str, str]:
        model = self.ask("GET", "registered-models/get", name=MODEL)["registered_model"]
        return {entry["alias"]: entry["version"] for entry in model.get("aliases", [])}

    def artifacts(self, run: str, path: str = "") -> list[str]:
        return [entry["path"] for entry in self.ask("GET", "artifacts/list", run_id=run, path=path)["files"]]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's variables are set by the tracker where nobody has: for a test, and not for those after it."""
    for name, value in trackers._HTTP.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Any]:
    """Starts an MLflow with nothing in it, at a port that may be given."""

    def start(port: int | None = None) -> Any:
        folder = tmp_path_factory.mktemp("mlflow")
        return mlflow_serving(
            "server", "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1",
            "--artifacts-destination", folder / "artifacts",
            port=port or free_port(), path="/health", log=folder / "log", variables={},
        )  # fmt: skip

    return start


@pytest.fixture(scope="session")
def address(serve: Callable[[], Any]) -> Iterator[str]:
    with serve() as address:
        yield address


@pytest.fixture
def mlflow(address: str) -> Iterator[Server]:
    """A server that shows nothing of the model yet."""
    with httpx.Client(base_url=address, timeout=60) as client:
        server = Server(address, client)
        wipe(server)
        yield server


def wipe(server: Server) -> None:
    """Take all of the model out of MLflow, for good where it can be."""
    answer = server.api.get("/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": MODEL})
    if answer.status_code == 200:
        experiment = answer.json()["experiment"]["experiment_id"]
        # A name stays taken by what was deleted.
        server.ask("POST", "experiments/update", experiment_id=experiment, new_name=f"gone-{experiment}")
        server.ask("POST", "experiments/delete", experiment_id=experiment)
    server.api.request("DELETE", "/api/2.0/mlflow/registered-models/delete", json={"name": MODEL})


@pytest.fixture
def two_versions(published: Path, tmp_path: Path) -> ModelStore:
    """The store with a champion, and a second version, which was published later and is not in service."""
    shutil.copytree(published, tmp_path / "two")
    store = ModelStore(FolderStore(str(tmp_path / "two")), MODEL)
    publish(store, SECOND)
    return store


@pytest.fixture
def track(mlflow: Server) -> Callable[[ModelStore], Tracked]:
    return lambda store: track_model(store, Tracker(mlflow.uri, "s3://bucket"))
