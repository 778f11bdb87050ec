"""An MLflow server: what it shows of a model's versions, and how it is shown another.

This is the one place with MLflow. Its own client speaks to it (mlflow-skinny), which knows every kind of
artifact store, log-in and server.
"""

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from functions.core.base.errors import LifeboatError
from functions.core.storage.view import ModelStore
from functions.track.facts import Candidate, Facts, Values, files_of
from functions.track.figures import draw_plots, measure_drift

VERSION, KIND = "lifeboat.version", "lifeboat.kind"
_MODEL = "model"
# A server that hangs holds up nothing but this function, and that not for long: the next run catches up.
_HTTP = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    # It tells nobody of its use.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # Addresses of runs and bars of progress are no lines of a log.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
# Or its pages take the experiment for one of generative models.
_EXPERIMENT = {"mlflow.experimentKind": "custom_model_development"}
# MLflow takes 100 parameters and tags in a request.
_BATCH = 100


class TrackingFailed(LifeboatError):
    """MLflow is away, slow, or refused something. What was not shown is shown by the next run."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What MLflow has of a model. runs: the finished run of each version; registered: the number of each
    version in MLflow's registry; begun: runs that were begun and never finished, or twice; doubles: numbers
    of versions that have another number: a request whose answer was late is made once more."""

    runs: dict[str, str]
    registered: dict[str, str]
    begun: tuple[str, ...]
    doubles: tuple[str, ...]


class Tracker:
    """An MLflow server, asked about one model at a time. Every method may raise `TrackingFailed`.

    uri: http(s)://…, or what an installed plugin of MLflow knows, such as the ARN of a server of SageMaker.
    address: of the store, to say where datasets are.
    """

    def __init__(self, uri: str, address: str) -> None:
        for name, value in _HTTP.items():
            os.environ.setdefault(name, value)
        # Takes a second, and reads the variables.
        import mlflow

        # Not for the client below: a plugin that signs requests, SageMaker's for one, asks here for whom.
        mlflow.set_tracking_uri(uri)
        self._client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
        self._address = address

    def experiment_of(self, model: str) -> str:
        """The id of the experiment that holds a model's runs; it is made, or taken back, if need be."""
        with _failing():
            experiment = self._client.get_experiment_by_name(model)
            if experiment is None:
                tags = {KIND: "model", **_EXPERIMENT}
                return str(self._client.create_experiment(model, tags=tags))
            if experiment.lifecycle_stage == "deleted":
                self._client.restore_experiment(experiment.experiment_id)
            return str(experiment.experiment_id)

    def read_shown(self, model: str, experiment: str) -> Shown:
        """What of a model MLflow shows by now."""
        runs: dict[str, str] = {}
        begun: list[str] = []
        with _failing():
            for run in self._runs(experiment, f"tags.`{KIND}` = 'version'"):
                version = run.data.tags.get(VERSION, "")
                if run.info.status != "FINISHED" or version in runs:
                    begun.append(run.info.run_id)
                else:
                    runs[version] = run.info.run_id
            numbers = [
                (int(entry.version), entry.tags[VERSION])
                for entry in self._registered(model)
                if VERSION in entry.tags
            ]
        registered: dict[str, str] = {}
        for number, version in sorted(numbers):
            registered.setdefault(version, str(number))
        doubles = [str(number) for number, version in numbers if registered[version] != str(number)]
        return Shown(runs, registered, tuple(begun), tuple(doubles))

    def forget_run(self, experiment: str, run: str) -> None:
        """Delete a run and its children."""
        with _failing():
            for child in self._runs(experiment, f"tags.`mlflow.parentRunId` = '{run}'"):
                self._client.delete_run(child.info.run_id)
            self._client.delete_run(run)

    def forget_number(self, model: str, number: str) -> None:
        """Delete a version of a registered model."""
        with _failing():
            self._client.delete_model_version(model, number)

    def show_run(self, store: ModelStore, experiment: str, facts: Facts) -> str:
        """Add a version's run, with a child for each candidate. Returns its id. What fails midway is no
        finished run. Raises `NotFound` where a part of the version is missing."""
        manifest = facts.manifest
        tags = {KIND: "version", VERSION: manifest.version, "lifeboat.model": manifest.name, **facts.tags}
        drift = {f"drift.{name}": value for name, value in measure_drift(facts).items()}
        with _failing(), tempfile.TemporaryDirectory() as folder:
            _write_artifacts(Path(folder), store, facts)
            run = self._begin(experiment, manifest.version, manifest.created_at, tags)
            self._log(run, manifest.created_at, facts.parameters, {**facts.metrics, **drift})
            self._client.log_artifacts(run, folder)
            self._log_dataset(run, facts, Path(folder) / _MODEL / "MLmodel")
            for candidate in facts.candidates:
                self._show_candidate(experiment, run, candidate, manifest.created_at)
            self._end(run, manifest.created_at)
        return run

    def register(self, model: str, version: str, run: str) -> str:
        """Add a version to MLflow's registry. Returns its number there."""
        with _failing():
            if model not in {
                known.name for known in self._client.search_registered_models(f"name = '{model}'")
            }:
                self._client.create_registered_model(model, tags={KIND: "model"})
            source = f"{self._client.get_run(run).info.artifact_uri}/{_MODEL}"
            tags = {VERSION: version}
            made = self._client.create_model_version(model, source, run, tags=tags, await_creation_for=0)
            return str(made.version)

    def point(self, model: str, aliases: Mapping[str, str | None]) -> None:
        """Have aliases of a registered model name these numbers of versions, or none."""
        with _failing():
            now = self._client.get_registered_model(model).aliases
            for alias, number in aliases.items():
                if number is not None and str(now.get(alias)) != number:
                    self._client.set_registered_model_alias(model, alias, number)
                elif number is None and alias in now:
                    self._client.delete_registered_model_alias(model, alias)

    def _runs(self, experiment: str, wanted: str) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_runs([experiment], wanted, order_by=["start_time"], page_token=token)
            yield from page
            if not (token := page.token):
                return

    def _registered(self, model: str) -> Iterator[Any]:
        token = None
        while True:
            page = self._client.search_model_versions(f"name = '{model}'", page_token=token)
            yield from page
            if not (token := page.token):
                return

    def _show_candidate(self, experiment: str, parent: str, candidate: Candidate, at: datetime) -> None:
        tags = {
            KIND: "candidate",
            "mlflow.parentRunId": parent,
            "lifeboat.selected": str(candidate.is_winner).lower(),
        }
        run = self._begin(experiment, candidate.name, at, tags)
        self._log(run, at, candidate.parameters, candidate.metrics)
        self._end(run, at)

    def _begin(self, experiment: str, name: str, at: datetime, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(experiment, _milliseconds(at), dict(tags), name)
        return str(run.info.run_id)

    def _end(self, run: str, at: datetime) -> None:
        self._client.set_terminated(run, "FINISHED", _milliseconds(at))

    def _log(self, run: str, at: datetime, parameters: Values, metrics: Mapping[str, float]) -> None:
        from mlflow.entities import Metric, Param

        moment = _milliseconds(at)
        measured = [Metric(name, value, moment, 0) for name, value in metrics.items()]
        self._client.log_batch(run, metrics=measured)
        set_to = [Param(name, str(value)) for name, value in parameters.items()]
        for first in range(0, len(set_to), _BATCH):
            self._client.log_batch(run, params=set_to[first : first + _BATCH])

    def _log_dataset(self, run: str, facts: Facts, mlmodel: Path) -> None:
        import yaml
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = facts.manifest.dataset
        signature = yaml.safe_load(mlmodel.read_text())["signature"] if mlmodel.exists() else None
        columns = facts.dataset_columns(signature)
        dataset = Dataset(
            name=data.key.rpartition("/")[2],
            # All that MLflow has room for; the whole is a tag of the run.
            digest=data.sha256[:36],
            source_type="s3" if self._address.startswith("s3://") else "local",
            source=json.dumps({"uri": f"{self._address}/{data.key}", "version_id": data.version_id}),
            schema=json.dumps({"mlflow_colspec": columns}) if columns else None,
            profile=json.dumps({"num_rows": data.rows, "num_elements": data.rows * len(columns or ())}),
        )
        self._client.log_inputs(run, [DatasetInput(dataset, [InputTag("mlflow.data.context", "train")])])


def _write_artifacts(folder: Path, store: ModelStore, facts: Facts) -> None:
    """The version's folder, so that MLflow loads it from itself; records, and plots."""
    _write(folder / _MODEL, files_of(store, facts.manifest))
    _write(
        folder / "records", ((name, json.dumps(record, indent=2)) for name, record in facts.records.items())
    )
    _write(folder / "plots", draw_plots(facts).items())


def _write(folder: Path, files: Iterable[tuple[str, bytes | str]]) -> None:
    folder.mkdir()
    for name, body in files:
        (folder / name).write_bytes(body.encode() if isinstance(body, str) else body)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


@contextmanager
def _failing() -> Iterator[None]:
    """Every way in which MLflow and its artifact store fail, as `TrackingFailed`."""
    from mlflow.exceptions import MlflowException
    from requests import RequestException

    try:
        yield
    except (MlflowException, RequestException, OSError) as error:
        first_line = str(error).strip().partition("\n")[0][:500]
        raise TrackingFailed(f"MLflow failed: {first_line}") from error
