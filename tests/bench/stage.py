"""Where the benchmarks run: built bundles, a Python of Lambda's version, and a champion in an S3 store."""

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.core.registry import deployment, versions
from functions.core.storage.contract import Store
from functions.core.storage.view import ModelStore
from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.proof import reason_not_to_import
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import read_recipe
from functions.local.platform.template import Template, read_template
from functions.local.process.child import ROOT
from functions.local.process.environment import exported
from functions.local.process.listening import HOST
from tests.bench.checkout import STARTED_WITH, CannotRun, Checkout, isolated, run_script
from tests.sam.store import served_store
from tests.support.titanic import MODEL, SCHEMA, TABLE
from training.publication.upload import train_and_publish
from training.table.provenance import Upload

INSIDE = Path(__file__).parent / "inside"
EVENT = ROOT / "tests" / "events" / "http_predict.json"
# What is posted to /predict, where only one row is asked about.
ROW: str = json.loads(EVENT.read_bytes())["body"]
# The table that all benchmarks train on.
DATASET = f"datasets/{MODEL}/titanic.csv"


@dataclass(frozen=True, slots=True)
class Stage:
    """`store` is the whole store; `model` the champion's graph as a file; `python` an interpreter of Lambda's
    version."""

    python: Path
    store: Store
    model: Path
    scratch: Path
    template: Template = field(default_factory=lambda: read_template(ROOT / "template.yaml"))

    @property
    def version(self) -> str:
        """The exact version of `python`."""
        return self._output("-c", "import platform; print(platform.python_version())").strip()

    def bundle(self, function: str) -> Path:
        """The folder with the bundle of a function of template.yaml, which is built at first use."""
        folder = self.scratch / function
        if not folder.exists():
            print(f"Building the bundle of {function} ...", flush=True)
            target = Target(architecture(), self.python)
            recipe = read_recipe(ROOT / "pyproject.toml")
            # Packages are fetched by proxies and certificates that are set, and that the store takes away.
            with exported(STARTED_WITH):
                build(ROOT, self.template.functions[function], recipe, target, folder)
        return folder

    def checkout(self) -> Checkout:
        """The predict function of this checkout."""
        function = "PredictFunction"
        bundle = self.bundle(function)
        return Checkout(self.python, INSIDE, bundle, EVENT, self.model, self.environment(function))

    def command(self, script: str, *arguments: str | Path) -> list[str | Path]:
        """The command line of `inside/script.py`."""
        return isolated(self.python, INSIDE / f"{script}.py", *arguments)

    def environment(self, function: str, **settings: str) -> dict[str, str]:
        """What template.yaml gives a function, leading to the store here; `settings` go over it."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {**self.template.functions[function].environment, **own, **settings}

    def run(self, script: str, *arguments: str | Path, function: str, **settings: str) -> Any:
        """What a script printed last, in JSON. Raises `CalledProcessError` when it fails."""
        return run_script(self.command(script, *arguments), self.environment(function, **settings))

    def _output(self, *arguments: str) -> str:
        return subprocess.run(
            [self.python, "-I", "-S", *arguments], check=True, capture_output=True, text=True, timeout=600
        ).stdout


def architecture() -> str:
    """This machine's architecture, as template.yaml calls it."""
    return "x86_64" if platform.machine() == "x86_64" else "arm64"


def lambda_python() -> Path:
    """An interpreter of Lambda's version that can import what is built for it. Raises `CannotRun`."""
    python = find_python(RUNTIME)
    if reason := reason_not_to_import(python, RUNTIME, architecture()):
        raise CannotRun(f"{reason} (.venv/bin/uv python install {RUNTIME} makes one that will be found)")
    assert python is not None
    return python


def train_champion(store: Store) -> ModelStore:
    """Publish the champion that is measured, made from the whole table. Returns its part of the store."""
    view = ModelStore(store, MODEL)
    upload = Upload(DATASET, datetime.now(UTC))
    train_and_publish(view, upload, TABLE, by="bench", schema=SCHEMA)
    return view


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage with a champion trained from the whole table. Raises `CannotRun`."""
    python = lambda_python()
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder, served_store(HOST) as store:
        print("Training the champion ...", flush=True)
        view = train_champion(store)
        champion, _ = deployment.read_champion(view)
        model = Path(folder, "model.onnx")
        model.write_bytes(versions.read_model(view, versions.read_manifest(view, champion.version)))
        yield Stage(python, store, model, Path(folder))
