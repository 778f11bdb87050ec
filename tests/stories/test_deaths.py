"""A retrain killed at each of its writes: the champion can always be loaded, the next event finishes."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.registry import deployment, versions
from functions.core.scoring.scorer import Scorer
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL, SCHEMA, TABLE, columns_of, row

pytestmark = pytest.mark.long

Retrain = Callable[[Path, str, int], int]
# More than any retrain writes: nobody dies.
NEVER = 1_000


def uploaded(event: Callable[[str], dict[str, Any]], key: str) -> dict[str, Any]:
    found = event("s3_put")
    found["Records"][0]["s3"]["object"] = {"key": key}
    return found


def store_at(root: Path) -> ModelStore:
    return ModelStore(FolderStore(str(root)), MODEL)


def champion_that_scores(root: Path) -> deployment.Champion:
    store = store_at(root)
    champion, _ = deployment.read_champion(store)
    model = versions.read_model(store, versions.read_manifest(store, champion.version))
    assert 0 < Scorer(model, SCHEMA).run(columns_of([row(pclass=1, sex="female")])).probability[0] < 1
    return champion


RETRAIN_SECONDS = 300.0


@pytest.fixture
def retrain(event: Callable[[str], dict[str, Any]]) -> Iterator[Retrain]:
    """Retrains in a process of its own, which dies at the write named. Returns the exit code."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stories.dying"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        # Only a process with one thread can be forked safely.
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
    ) as process:

        def run(root: Path, key: str, last: int) -> int:
            assert process.stdin is not None
            assert process.stdout is not None
            order = {"root": str(root), "event": uploaded(event, key), "last": last}
            process.stdin.write(json.dumps(order) + "\n")
            process.stdin.flush()
            overdue = threading.Timer(RETRAIN_SECONDS, process.kill)
            overdue.start()
            try:
                return int(process.stdout.readline())
            finally:
                overdue.cancel()

        yield run


def test_a_retrain_killed_at_any_of_its_writes_leaves_a_champion_and_is_finished_by_the_next_event(
    tmp_path: Path, retrain: Retrain
) -> None:
    start = tmp_path / "start"
    lines = TABLE.read_bytes().splitlines(keepends=True)
    store_at(start).put(SCHEMA_KEY, SCHEMA.as_json())
    store_at(start).put("datasets/first.csv", b"".join(lines[:900]))
    assert retrain(start, "datasets/titanic/first.csv", NEVER) == 0
    first = champion_that_scores(start)
    store_at(start).put("datasets/second.csv", TABLE.read_bytes())

    deaths = 0
    while True:
        root = tmp_path / f"dies-at-{deaths + 1}"
        shutil.copytree(start, root)
        code = retrain(root, "datasets/titanic/second.csv", deaths + 1)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        deaths += 1
        # The last write is the promotion: whoever dies before it leaves the old champion.
        assert champion_that_scores(root) == first
        assert retrain(root, "datasets/titanic/second.csv", NEVER) == 0
        second = champion_that_scores(root)
        assert (second.sequence, second.previous) == (2, first.version)
        assert second.version != first.version
        shutil.rmtree(root)
    # The probe's three, the graph, the holdout, the rows, the report, the candidates, seven files for MLflow,
    # what vouches for the manifest, the manifest, the champion.
    assert deaths == 18
    assert champion_that_scores(root).sequence == 2
