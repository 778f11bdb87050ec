"""`mlflow run .`, by the real MLflow: each entry point, in the environment at hand and in one of its own; and
the job that it would send to Kubernetes.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from functions.core.registry.deployment import read_champion
from functions.core.registry.versions import publications
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.process.child import ROOT
from tests.mlflow.environment import MLFLOW_BIN, environment, run_program
from tests.support.titanic import MODEL, TABLE
from training.__main__ import _parser

SECONDS = 900
KUBERNETES = ["1.30", "1.33", "1.37"]
CONTAINER = "training/container"


def run(entry: str, folder: Path, *arguments: str, manager: str = "local", **parameters: object) -> str:
    """What `mlflow run . -e ENTRY` printed; its own records are in `folder`, as its environments are."""
    given = [word for name, value in parameters.items() for word in ("-P", f"{name}={value}")]
    done = subprocess.run(
        [MLFLOW_BIN / "mlflow", "run", ".", "-e", entry, "--env-manager", manager, *given, *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
        env=environment(
            MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db",
            MLFLOW_ENV_ROOT=str(folder / "environments"),
        ),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_a_training_and_a_scoring_in_the_environment_at_hand(tmp_path: Path) -> None:
    store, answers = tmp_path / "store", tmp_path / "answers.csv"
    said = run("train", tmp_path, store=store, folds=2)
    version = read_champion(ModelStore(FolderStore(str(store)), MODEL))[0].version
    assert version in said
    assert "succeeded" in said
    run("score", tmp_path, store=store, files=TABLE, result=answers)
    head, *rows = answers.read_text().splitlines()
    assert "probability" in head
    assert len(rows) == len(TABLE.read_text().splitlines()) - 1


def test_an_evaluation_in_the_environment_at_hand(tmp_path: Path) -> None:
    said = run("evaluate", tmp_path, folds=2, repeats=1)
    assert "ROC AUC" in said


def test_a_training_in_an_environment_of_its_own(tmp_path: Path) -> None:
    """Of the Python and the locked libraries that MLproject names, made by uv, MLflow's default."""
    uv = Path(sys.executable).with_name("uv")
    found = subprocess.run([uv, "python", "find", "3.13"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("uv finds no Python 3.13 on this machine")
    store = tmp_path / "store"
    # uv is taken from the path, and finds the Python there.
    with pytest.MonkeyPatch.context() as patch:
        folders = [str(uv.parent), str(Path(found.stdout.strip()).parent), os.environ["PATH"]]
        patch.setenv("PATH", os.pathsep.join(folders))
        run("train", tmp_path, manager="uv", store=store, folds=2)
    [published] = publications(ModelStore(FolderStore(str(store)), MODEL))
    [made] = (tmp_path / "environments").glob("**/bin/python")
    libraries = subprocess.run(
        [made, "-c", "import sklearn, sys; print(sys.version_info[:2], sklearn.__version__)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "(3, 13)" in libraries.stdout
    assert published.version


def test_an_entry_point_that_fails_fails_the_run(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=r"nowhere\.csv"):
        run("evaluate", tmp_path, dataset="nowhere.csv")


@pytest.mark.parametrize("entry", ["train", "evaluate", "score"])
def test_the_job_that_mlflow_sends_is_one_that_kubernetes_takes(entry: str) -> None:
    parameters = {"files": "s3://bucket/a.csv", "result": "b.csv"} if entry == "score" else {}
    sent: dict[str, Any] = run_program(
        "render_job", CONTAINER, f"{CONTAINER}/kubernetes_config.json", entry, sent=parameters
    )
    job = sent["job"]
    assert sent["namespace"] == job["metadata"]["namespace"]
    for version in KUBERNETES:
        assert kubernetes_validate.validate(job, version, strict=True) == version
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert "replaced with" not in str(job)
    assert container["image"].endswith(f"@sha256:{'a' * 64}")
    # Words, not a line for a shell: the image starts them as they are.
    assert container["command"][:4] == ["python", "-m", "training", entry]
    _parser(entry).parse_args(container["command"][3:])
    assert {"MLFLOW_RUN_ID"} <= {variable["name"] for variable in container["env"]}
