"""A worker's part of a fit: LightGBM in a process, which ends when it is told to, or when nobody waits."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.pipeline import Pipeline

from functions.core.base.errors import LifeboatError
from tests.conftest import SCHEMA
from training.cluster import fit_process, fitting
from training.cluster.connection import WorkerLost
from training.cluster.fitting import Share, end_fit, find_address, fit_share, network_parameters
from training.estimators.boosted import Boosted
from training.estimators.gaps import fit, unknown_columns
from training.table.dataset import Dataset
from training.table.labelled_rows import LabelledRows

# A process that is to be there within so many seconds.
SECONDS = 60


def rows_of(dataset: Dataset) -> LabelledRows:
    rows = len(dataset.outcome)
    return LabelledRows(
        matrix=dataset.matrix,
        outcomes=dataset.outcome.astype(np.int8),
        representative=np.ones(rows, dtype=np.bool_),
        labelled_by=None,
        lines=dataset.lines,
        bad=[],
        unknown={},
        lost=np.empty((0, dataset.matrix.shape[1]), dtype=np.float32),
        lost_outcomes=np.empty(0, dtype=np.int64),
    )


def share_of(dataset: Dataset, name: str, **parameters: object) -> Share:
    return Share(
        fit=name,
        schema=SCHEMA.document,
        fitted=dataset.fitted,
        unknown=unknown_columns(dataset.matrix),
        rank=0,
        of=int(dataset.fitted.sum()),
        parameters=Boosted(trees=5).parameters() | parameters,
    )


def until(happened: Callable[[], object]) -> None:
    for _ in range(10 * SECONDS):
        if happened():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def test_a_worker_alone_fits_what_this_machine_does(titanic: Dataset) -> None:
    model = fit_share(share_of(titanic, "alone"), rows_of(titanic))
    assert isinstance(model, str), model
    here = fit(Pipeline([("model", Boosted(trees=5))]), *titanic.train, SCHEMA.features)
    assert Boosted().take(model).model_ == here[-1].model_


def test_what_lightgbm_refuses_is_an_answer(titanic: Dataset) -> None:
    answer = fit_share(share_of(titanic, "wrong", num_leaves=-1), rows_of(titanic))
    assert isinstance(answer, WorkerLost)
    assert "num_leaves" in str(answer)


def test_a_fit_that_waits_for_a_lost_worker_is_ended(titanic: Dataset) -> None:
    nobody = [find_address("tcp://127.0.0.1:1"), find_address("tcp://127.0.0.1:1")]
    answers: list[str | LifeboatError] = []
    share = share_of(titanic, "lost", **network_parameters(nobody, 0))
    thread = threading.Thread(target=lambda: answers.append(fit_share(share, rows_of(titanic))))
    thread.start()
    until(lambda: "lost" in fitting._running)
    end_fit("lost")
    thread.join(SECONDS)
    assert "ended by signal 9" in str(answers[0])
    # A part of it that has not begun yet does not begin any more.
    assert "ended by signal 9" in str(fit_share(share, rows_of(titanic)))


def test_a_fit_ends_with_the_worker_that_began_it(tmp_path: Path) -> None:
    nobody = [find_address("tcp://127.0.0.1:1"), find_address("tcp://127.0.0.1:1")]
    parameters = Boosted(trees=5).parameters() | network_parameters(nobody, 0)
    for name in (fit_process.ROWS, fit_process.LABELS, fit_process.WEIGHTS):
        np.save(tmp_path / name, np.ones((30, 2) if name == fit_process.ROWS else 30))
    (tmp_path / fit_process.PARAMETERS).write_text(json.dumps(parameters))
    command = [sys.executable, "-m", fit_process.__name__, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.stdin.close()
        assert process.wait(SECONDS) == 1
