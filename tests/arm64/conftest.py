"""What `make test-arm64` needs, made once: an arm64 Debian, predict's bundle, a champion, its answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import read_recipe
from functions.local.platform.template import read_template
from functions.local.process.child import ROOT
from functions.local.process.listening import HOST
from tests.arm64.debian import RUN_SECONDS, Debian, make_debian
from tests.conftest import MODEL, SCHEMA
from tests.sam.store import served_store
from tests.support import training
from tests.support.cannot_run import or_cannot_run
from tests.support.commands import only
from tests.support.gateway import read_event
from tests.support.machine import scratch
from tests.support.steps import Steps, pytest_report_teststatus, step
from tests.support.titanic import people

__all__ = ["TARGET", "only", "pytest_report_teststatus", "step"]

TARGET = "test-arm64"
SCRIPT = Path(__file__).parent / "ask_handler.py"
PREDICT = read_template(ROOT / "template.yaml").functions["PredictFunction"]
# Where Lambda has the bundle.
TASK = "var/task"
PASSENGERS = 500

Said = dict[str, Any]


@pytest.fixture(scope="session")
def debian(request: pytest.FixtureRequest, step: Steps) -> Iterator[Debian]:
    with scratch() as folder:
        with step("debian") as said, or_cannot_run(TARGET, request.session):
            debian = make_debian(folder)
            said.append(debian.python("-c", "import sys; print(sys.version)").strip())
        yield debian


@pytest.fixture(scope="session")
def bundle(debian: Debian, step: Steps) -> Path:
    """The predict bundle for arm64, as `make build` makes it."""
    folder = debian.root / TASK
    with step("bundle") as said:
        build(
            ROOT, PREDICT, read_recipe(ROOT / "pyproject.toml"), Target("arm64", find_python(RUNTIME)), folder
        )
        said.append(f"{sum(1 for _ in folder.rglob('*.so'))} libraries")
    return folder


@pytest.fixture(scope="session")
def version(bundle: Path, step: Steps) -> Iterator[str]:
    """The champion, in a store that both processors reach; this process's environment leads to it."""
    with served_store(HOST) as store:
        with step("champion") as said:
            view = ModelStore(store, MODEL)
            view.put(SCHEMA_KEY, SCHEMA.as_json())
            outcome = training.publish(view)
            assert outcome.version
            said.append(f"{outcome.version} {outcome.status}")
        yield outcome.version


@pytest.fixture(scope="session")
def events(debian: Debian) -> Path:
    """A request for one passenger, then one for many."""
    one, many = read_event("http_predict"), read_event("http_predict")
    many["rawPath"] = many["requestContext"]["http"]["path"] = "/predict/batch"
    many["routeKey"] = many["requestContext"]["routeKey"] = "POST /predict/batch"
    many["body"] = json.dumps({"passengers": [row for row, _ in people(PASSENGERS)]})
    file = debian.root / "tmp" / "events.json"
    file.write_text(json.dumps([one, many]))
    return file


@pytest.fixture(scope="session")
def arm64(debian: Debian, version: str, events: Path, step: Steps) -> Said:
    """What the bundle says on arm64."""
    script = debian.root / "tmp" / SCRIPT.name
    script.write_bytes(SCRIPT.read_bytes())
    with step("arm64") as said:
        printed = debian.python(
            *(f"/{path.relative_to(debian.root)}" for path in (script, debian.root / TASK, events)),
            environment=_environment(),
        )
        answer = _last(printed)
        said.append(f"{answer['answers'][0]['body']}")
        said.append(f"{answer['seconds']:.1f} s to the first answer, emulated")
    return answer


@pytest.fixture(scope="session")
def here(version: str, events: Path, step: Steps) -> Said:
    """What the same code says on this machine."""
    with step("here") as said:
        finished = subprocess.run(
            [sys.executable, "-I", SCRIPT, ROOT, events],
            env={"PATH": os.environ["PATH"], **_environment()},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=RUN_SECONDS,
            check=True,
        )
        answer = _last(finished.stdout)
        said.append(f"{answer['answers'][0]['body']}")
    return answer


def _environment() -> dict[str, str]:
    """What template.yaml gives the function, leading to the store here."""
    leading = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("AWS_", "LIFEBOAT_")) or name.upper() == "NO_PROXY"
    }
    return {**PREDICT.environment, **leading}


def _last(printed: str) -> Said:
    said: Said = json.loads(printed.splitlines()[-1])
    return said
