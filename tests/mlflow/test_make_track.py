"""`make track` over a store: a real server, filled, and nothing of it left behind."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from functions.core.registry.deployment import read_champion
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from functions.local.process.child import ROOT
from functions.local.process.environment import needed_of
from tests.mlflow.environment import SECONDS
from tests.support.titanic import MODEL


def test_it_shows_the_store_says_where_and_leaves_nothing(published: Path, tmp_path: Path) -> None:
    shutil.copytree(published, tmp_path / "store")
    store = FolderStore(str(tmp_path / "store"))
    before = [entry.key for entry in store.list("")]
    (tmp_path / "temporary").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "functions.local.tools.tracking", "--once", "--port", "0"],
        cwd=ROOT, capture_output=True, text=True, timeout=2 * SECONDS, check=False,
        env=needed_of(os.environ)
        | {"LIFEBOAT_STORE": str(tmp_path / "store"), "TMPDIR": str(tmp_path / "temporary")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    champion, _ = read_champion(ModelStore(store, MODEL))
    assert done.stdout.startswith("MLflow     http://127.0.0.1:")
    assert f"{MODEL}: 1 versions added, champion {champion.version}" in done.stdout
    assert "/#/experiments/1/runs/" in done.stdout
    assert [entry.key for entry in store.list("")] == before
    assert [*(tmp_path / "temporary").iterdir()] == []


def test_its_server_rests_when_nothing_is_new_and_a_request_wakes_it(published: Path, tmp_path: Path) -> None:
    shutil.copytree(published, tmp_path / "store")
    (tmp_path / "temporary").mkdir()
    said = tmp_path / "said"
    with said.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "functions.local.tools.tracking", "--port", "0", "--rest-after", "4"],
            cwd=ROOT, stdout=output, stderr=output,
            env=needed_of(os.environ)
            | {"LIFEBOAT_STORE": str(tmp_path / "store"), "TMPDIR": str(tmp_path / "temporary")},
        )  # fmt: skip
    try:
        wait(lambda: "1 versions added" in said.read_text(), process)
        [log] = (tmp_path / "temporary").glob("lifeboat-mlflow-*/server.log")
        # It goes on watching the store, and asks MLflow nothing.
        wait(lambda: "rests: nobody has used it" in log.read_text(), process)
        [uri] = re.findall(r"^MLflow +(\S+)$", said.read_text(), re.MULTILINE)
        experiment = httpx.get(
            f"{uri}/api/2.0/mlflow/experiments/get-by-name", params={"experiment_name": MODEL},
            timeout=SECONDS, trust_env=False,
        )  # fmt: skip
        assert experiment.status_code == 200
        assert log.read_text().count("woken by a request") == 2
    finally:
        process.terminate()
        assert process.wait(SECONDS) == 0
    assert [*(tmp_path / "temporary").iterdir()] == []


def wait(look: Callable[[], bool], process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 2 * SECONDS
    while not look():
        assert process.poll() is None, "it has ended"
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.2)


def test_without_a_server_s_environment_it_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from functions.local.tools import tracking; from pathlib import Path;"
         "tracking.MLFLOW = Path('nowhere'); raise SystemExit(tracking.main(['--once']))"],
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
        env=needed_of(os.environ) | {"LIFEBOAT_STORE": str(tmp_path)},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "Failed: nowhere is missing: `make track` installs it\n")
