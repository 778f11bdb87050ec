"""Requests that schemathesis makes up from openapi.json, sent to the API as `make run` serves it.

`make test-api` runs this with many more of them.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.core.identity.key_list import add
from functions.core.identity.keys import make_key
from functions.core.registry import versions
from functions.core.registry.deployment import read_champion
from functions.core.registry.keys import holdout_key, model_key
from functions.core.storage.folder import FolderStore
from functions.core.storage.parameter_opening import open_parameter
from functions.core.storage.view import ModelStore
from functions.local.tools.openapi import DOCUMENT
from tests.stories.local_stack import ROOT, Stack, local_stack
from tests.support.titanic import MODEL
from tests.support.training import publish

pytestmark = pytest.mark.long

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
TWIN = "0123456789abcdef"


def add_twin(store: ModelStore) -> list[str]:
    """Publish the champion's model under another version, so that there is one to go to. Returns both."""
    champion = read_champion(store)[0].version
    for key in (model_key, holdout_key):
        store.put(key(TWIN), store.get(key(champion)).body)
    versions.write_manifest(
        store, versions.read_manifest(store, champion).model_copy(update={"version": TWIN})
    )
    return [champion, TWIN]


@pytest.fixture
def two_versions(published: Path, tmp_path: Path) -> list[str]:
    store = FolderStore(str(shutil.copytree(published, tmp_path / "store")))
    # The model that the document's examples name.
    publish(ModelStore(store, "churn"))
    return add_twin(ModelStore(store, MODEL))


@pytest.fixture
def stack(two_versions: list[str], tmp_path: Path) -> Iterator[Stack]:
    """The API with a key that may do everything."""
    now = datetime.now(UTC)
    text, key = make_key(["admin"], "schemathesis", now, days=1)
    add(open_parameter(str(tmp_path / "keys.json")), key, now)
    with local_stack(tmp_path / "store", tmp_path) as stack:
        yield replace(stack, key=text)


def test_whatever_is_asked_the_answer_is_one_that_is_documented(
    stack: Stack, two_versions: list[str], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    command += [str(DOCUMENT), "--url", stack.api, "--header", f"x-api-key: {stack.key}", "--no-color"]
    if examples := os.environ.get("EXAMPLES"):
        command += ["--max-examples", examples]
    else:
        # The same each time, and soon done.
        command += ["--max-examples", "4", "--phases", "examples,fuzzing", "--generation-deterministic"]
    environment = os.environ | {"VERSIONS": " ".join(two_versions), "PYTHONPATH": str(ROOT)}
    # Schemathesis keeps what it found in the folder that it runs in.
    # As many examples as are asked for take as long as they take; half a day is not that.
    run = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=43_200, check=False
    )
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    cases = re.search(r"(\d+) generated, (\d+) passed", run.stdout)
    assert cases
    assert cases[1] == cases[2]
    # 70 routes, each with several.
    assert int(cases[1]) > 150
