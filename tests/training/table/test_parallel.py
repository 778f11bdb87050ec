"""Several cores change how long it takes, and not a bit of what comes out."""

import hashlib
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tests.conftest import TITANIC
from tests.support.training_tables import loans
from training.estimators.candidates import candidates
from training.estimators.gaps import fit
from training.model.evaluation import probabilities
from training.proof.certificate import certify
from training.proof.export import export
from training.table import parallel
from training.table.parallel import MIN_THREADED_ROWS, cores, limited_threads, map_chunks

# Every candidate, fitted and exported. The libraries take as many threads as they are let, however many rows
# there are: here they are let from fewer rows on.
FIT = """
import hashlib
from threadpoolctl import threadpool_info
from tests.support.training_tables import loans
from training.estimators.candidates import candidates
from training.proof.export import export
from training.estimators.gaps import fit
from training.table import parallel
from training.table.parallel import limited_threads
parallel.MIN_THREADED_ROWS = 2_500
schema, matrix, labels = loans(2_500)
with limited_threads(len(matrix)):
    [threads] = {found["num_threads"] for found in threadpool_info() if found["user_api"] == "openmp"}
    print(threads)
    for name, model in sorted(candidates(schema.features, len(matrix)).items()):
        print(name, hashlib.sha256(export(fit(model, matrix, labels, schema.features), schema)).hexdigest())
"""


def test_one_thread_and_two_make_the_same_bytes() -> None:
    said = []
    for threads in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", FIT],
            env=os.environ | {"OMP_NUM_THREADS": threads},
            cwd=TITANIC.parents[2],
            capture_output=True,
            text=True,
            check=True,
        )
        used, *models = done.stdout.splitlines()
        assert used == threads
        said.append(models)
    assert said[0] == said[1]
    assert len(said[0]) == 7


def test_a_small_table_is_fitted_by_one_thread() -> None:
    from threadpoolctl import threadpool_info

    def threads() -> dict[str, int]:
        return {found["user_api"]: found["num_threads"] for found in threadpool_info()}

    usual = threads()
    with limited_threads(MIN_THREADED_ROWS - 1):
        assert set(threads().values()) == {1}
    with limited_threads(MIN_THREADED_ROWS):
        assert threads() == usual | {"blas": 1}


def test_chunks_come_back_in_order_from_several_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 10)
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    both = threading.Barrier(2, timeout=30)

    def start(rows: slice) -> int:
        both.wait()
        return int(rows.start)

    assert map_chunks(start, 40) == [0, 10, 20, 30]
    assert map_chunks(lambda rows: rows, 0) == []


def test_what_a_thread_raises_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "CHUNK", 1)

    def fail(rows: slice) -> None:
        raise ValueError(f"row {rows.start}")

    with pytest.raises(ValueError, match="row 0"):
        map_chunks(fail, 5)


@pytest.mark.parametrize(("told", "most"), [("1", 1), ("", None), ("many", None), ("0", None)])
def test_no_more_cores_are_used_than_openmp_is_told(
    told: str, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert cores() == (most or len(os.sched_getaffinity(0)))


def test_certificate_and_probabilities_are_the_same_from_several_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schema, matrix, labels = loans(2_500)
    model = fit(
        candidates(schema.features, 2_500)["histogram gradient boosting"], matrix, labels, schema.features
    )
    graph = export(model, schema)
    whole = certify(model, graph, matrix, schema), probabilities(graph, matrix, schema)
    monkeypatch.setattr(parallel, "CHUNK", 700)
    monkeypatch.setattr(parallel, "cores", lambda: 3)
    parts = certify(model, graph, matrix, schema), probabilities(graph, matrix, schema)
    assert parts[0] == whole[0]
    assert hashlib.sha256(parts[1].tobytes()).digest() == hashlib.sha256(whole[1].tobytes()).digest()
    assert np.isfinite(whole[1]).all()
