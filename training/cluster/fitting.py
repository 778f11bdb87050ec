"""What a worker does with the rows that it has read: its part of a fit, and of the certificate."""

import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.pipeline import Pipeline

from functions.core.base.errors import LifeboatError
from functions.core.schema.document.parsing import parse_schema
from functions.core.scoring.scorer import Scorer
from training.cluster import fit_process
from training.cluster.connection import WorkerLost
from training.estimators.gaps import fit, prepare
from training.proof.certificate import Comparison, Difference
from training.table.labelled_rows import LabelledRows
from training.table.matrix import Labels, Mask, Matrix
from training.table.parallel import limited_threads

# Minutes for which a machine waits for the others to be there.
_CONNECT_MINUTES = 5

_running: dict[str, "subprocess.Popen[bytes]"] = {}
"""The processes that fit on this worker, by the name of the fit."""
_ended: set[str] = set()
"""Fits that were given up, some of which may not have begun here."""


@dataclass(frozen=True, slots=True)
class Share:
    """A worker's part of a fit. fit: its name; fitted: bool [N], which of the worker's rows are of the
    training side; unknown: bool [F], as `training.estimators.gaps.prepare` takes it; rank: the place of the
    worker, from 0; of: rows that are fitted on, on all workers; parameters: of LightGBM.
    """

    fit: str
    schema: Mapping[str, Any]
    fitted: Mask
    unknown: Mask
    rank: int
    of: int
    parameters: Mapping[str, Any]


def find_address(worker: str) -> str:
    """host:port, by numbers, at which a process of this worker can be spoken to. worker: its own address."""
    host = socket.gethostbyname(urlsplit(worker).hostname or "127.0.0.1")
    with socket.socket() as free:
        free.bind(("", 0))
        return f"{host}:{free.getsockname()[1]}"


def network_parameters(machines: Sequence[str], rank: int) -> dict[str, Any]:
    """How LightGBM's processes find one another. Their order is that in which sums are made."""
    if len(machines) == 1:
        return {}
    return {
        "tree_learner": "data",
        "machines": ",".join(machines),
        "num_machines": len(machines),
        "local_listen_port": int(machines[rank].rpartition(":")[2]),
        "time_out": _CONNECT_MINUTES,
    }


def fit_share(share: Share, *pieces: LabelledRows) -> str | LifeboatError:
    """The model of all workers, as LightGBM writes it; every one comes to the same."""
    matrix, outcomes = _fitted(share.fitted, pieces)
    features = parse_schema(share.schema).features
    rows, labels, weights = prepare(
        matrix, outcomes, features, unknown=share.unknown, seed=share.rank, of=share.of
    )
    with tempfile.TemporaryDirectory(prefix="lifeboat-fit-") as name:
        folder = Path(name)
        np.save(folder / fit_process.ROWS, rows)
        np.save(folder / fit_process.LABELS, labels)
        np.save(folder / fit_process.WEIGHTS, weights)
        del matrix, rows, labels, weights
        (folder / fit_process.PARAMETERS).write_text(json.dumps(share.parameters))
        try:
            return _run(share, folder)
        except LifeboatError as error:
            return error


def _run(share: Share, folder: Path) -> str:
    """Raises `WorkerLost` when the process fails, or was ended."""
    root = Path(__file__).parents[2]
    environment = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    environment |= {"PYTHONPATH": str(root), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-m", fit_process.__name__, str(folder)]
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(  # noqa: S603 # this Python, and a module of ours
            command, stdin=subprocess.PIPE, stdout=said, stderr=said, env=environment, cwd=root
        )
        _running[share.fit] = process
        if share.fit in _ended:
            process.kill()
        try:
            code = process.wait()
        finally:
            _running.pop(share.fit, None)
            if process.stdin:
                process.stdin.close()
        if code:
            said.seek(0)
            last = said.read().decode(errors="replace").strip().rpartition("\n")[2]
            how = f"ended by signal {-code}; " if code < 0 else ""
            raise WorkerLost(f"the fit of worker {share.rank + 1} failed: {how}{last or 'nothing was said'}")
    return (folder / fit_process.MODEL).read_text()


def end_fit(fit: str) -> None:
    """End this worker's part of a fit, if there is one."""
    _ended.add(fit)
    if process := _running.get(fit):
        process.kill()


def fit_alone(
    model: Pipeline, schema: Mapping[str, Any], fitted: Mask, *pieces: LabelledRows
) -> Pipeline | LifeboatError:
    """A candidate that one worker fits on the rows of all."""
    matrix, outcomes = _fitted(fitted, pieces)
    with limited_threads(len(matrix)):
        return fit(model, matrix, outcomes, parse_schema(schema).features)


def compare_share(
    estimator: ClassifierMixin, graph: bytes, schema: Mapping[str, Any], *pieces: LabelledRows
) -> Difference | LifeboatError:
    """What estimator and graph differ by on a worker's rows."""
    parsed = parse_schema(schema)
    try:
        comparison = Comparison(estimator, Scorer(graph, parsed))
    except LifeboatError as error:
        return error
    for piece in pieces:
        if len(piece):
            comparison.add_rows(piece.matrix, parsed)
    return comparison.difference


def _fitted(fitted: Mask, pieces: Sequence[LabelledRows]) -> tuple[Matrix, Labels]:
    matrix = np.concatenate([piece.matrix for piece in pieces])
    outcomes = np.concatenate([piece.outcomes for piece in pieces])
    return matrix[fitted], outcomes[fitted].astype(np.int64)
