"""The servers that are compared, each started as its own documentation says, with one worker.

All serve one fitted pipeline on one version of Python, validate a request by the same rules, answer the same
JSON with its probability, and write no line per request, save Lifeboat, which writes its prediction log. The
peers declare a row for themselves (`Passenger`), Lifeboat has its schema. MLflow asks for an envelope around
the row. Lifeboat serves the graph that was made of
the pipeline, from the built bundle, fetched from an S3 endpoint; the others read a local file.
"""

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import joblib

from functions.local.process.child import ROOT
from tests.bench import http
from tests.bench.checkout import CannotRun
from tests.bench.peers import pipeline
from tests.bench.peers.environment import environment, locked_version, packages
from tests.bench.server import DESCRIPTOR, PORT
from tests.bench.stage import EVENT, ROW, Stage
from tests.support.titanic import SCHEMA, TABLE
from training.model.train import Configuration, train
from training.table.dataset import load_dataset

NAMES = {
    "mlflow": "MLflow",
    "bentoml": "BentoML",
    "litserve": "LitServe",
    "mlserver": "MLServer",
    "ray": "Ray Serve",
    "fastapi": "FastAPI",
}
_MLFLOW_MODEL = "mlflow-model"
_LOCKS = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Subject:
    """A server to be measured.

    command, environment, path, body: as `served` takes them. installed: the folders it needs. read: the
    probability in an answer.
    """

    name: str
    command: tuple[str | Path, ...]
    environment: Mapping[str, str]
    installed: tuple[Path, ...]
    read: Callable[[Any], float]
    path: str = "/predict"
    body: str = ROW


def subjects(stage: Stage, folder: Path) -> list[Subject]:
    """Lifeboat first, then the peers; installs them. They are to be started in `folder`.

    Raises `CannotRun`.
    """
    trained = train(load_dataset(TABLE, SCHEMA), Configuration(), lambda _what, _done, _of: None)
    if trained.model != stage.model.read_bytes():
        raise CannotRun("the pipeline trained here is not the one that the champion was made of")
    joblib.dump(trained.estimator, folder / pipeline.FILE)
    return [_lifeboat(stage), *_peers(stage, folder)]


def _lifeboat(stage: Stage) -> Subject:
    bundle = stage.bundle("PredictFunction")
    server = packages(environment("lifeboat", http.LOCK, stage.python))
    return Subject(
        "Lifeboat",
        tuple(stage.command("serve", bundle, server, EVENT, DESCRIPTOR, "predict")),
        stage.environment("PredictFunction"),
        (bundle, server),
        _probability,
    )


def _peers(stage: Stage, folder: Path) -> Iterator[Subject]:
    serve_mlflow = ("mlflow", "models", "serve", "--model-uri", _MLFLOW_MODEL, "--env-manager", "local")
    commands: dict[str, tuple[str, ...]] = {
        "mlflow": (*serve_mlflow, "--workers", "1", "--port", PORT),
        "bentoml": ("bentoml", "serve", "tests.bench.peers.serve_bentoml:Titanic", "--port", PORT),
        "litserve": ("python", "-m", "tests.bench.peers.serve_litserve", PORT),
        "mlserver": ("python", "-m", "tests.bench.peers.serve_mlserver", PORT),
        "ray": ("python", "-m", "tests.bench.peers.serve_ray", PORT),
        "fastapi": ("uvicorn", "tests.bench.peers.serve_fastapi:app", "--port", PORT),
    }
    for package, name in NAMES.items():
        lock = _LOCKS / f"{package}.txt"
        installed = environment(package, lock, stage.python)
        peer = Subject(
            f"{name} {locked_version(package, lock)}",
            (installed / "bin" / commands[package][0], *commands[package][1:]),
            _surroundings(installed, folder),
            (packages(installed),),
            _probability,
        )
        yield _as_mlflow(peer, installed, folder) if package == "mlflow" else peer


def _as_mlflow(peer: Subject, installed: Path, folder: Path) -> Subject:
    """Save the model in MLflow's format, and speak as its server does."""
    python, module = installed / "bin" / "python", "tests.bench.peers.save_mlflow"
    subprocess.run(
        [python, "-m", module, _MLFLOW_MODEL],
        cwd=folder,
        env=peer.environment,
        check=True,
        capture_output=True,
        timeout=600,
    )
    body = json.dumps({"dataframe_records": [json.loads(ROW)]})
    return replace(peer, path="/invocations", body=body, read=_mlflow_probability)


def _surroundings(installed: Path, folder: Path) -> dict[str, str]:
    """The environment variables of a peer: its own programs, this repository, and nobody to report to."""
    return {
        "PATH": os.pathsep.join([str(installed / "bin"), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        # What they keep there goes with the folder.
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "UVICORN_ACCESS_LOG": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENTOML_DO_NOT_TRACK": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
    }


def _probability(answer: Any) -> float:
    return float(answer["probability"])


def _mlflow_probability(answer: Any) -> float:
    [[_, positive]] = answer["predictions"]
    return float(positive)
