"""Where the benchmarks run: the built bundles, a Python of Lambda's version, and a champion in an S3 store.

What is measured runs in processes of its own (the scripts in `inside/`), which hold what the bundle holds and
nothing else.
"""

import json
import os
import platform
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from functions.core.registry import deployment, versions
from functions.core.storage.contract import Store
from functions.local.bundle.build import RUNTIME, Target, build
from functions.local.bundle.proof import reason_not_to_import
from functions.local.bundle.python import find_python
from functions.local.bundle.recipe import read_recipe
from functions.local.child import ROOT
from functions.local.listening import HOST
from functions.local.template import Template, read_template
from tests.sam.store import served_store
from training.publication import Upload, train_and_publish

INSIDE = Path(__file__).parent / "inside"
EVENT = ROOT / "tests" / "events" / "http_predict.json"
TITANIC = ROOT / "training" / "data" / "titanic.csv"
# What is posted to /predict, where only one passenger is asked about.
PASSENGER: str = json.loads(EVENT.read_bytes())["body"]


class CannotRun(Exception):
    """What a benchmark needs is missing here: the text says what, and what would help."""


@dataclass(frozen=True, slots=True)
class Stage:
    """`model` is the champion's graph as a file; `python` an interpreter of Lambda's version."""

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
            build(
                ROOT, self.template.functions[function], read_recipe(ROOT / "pyproject.toml"), target, folder
            )
        return folder

    def command(self, script: str, *arguments: str | Path) -> list[str | Path]:
        """The command line of `inside/script.py`, which finds nothing of this environment's packages."""
        return [self.python, "-I", "-S", "-B", INSIDE / f"{script}.py", *arguments]

    def environment(self, function: str, **settings: str) -> dict[str, str]:
        """What template.yaml gives a function, leading to the store here; `settings` go over it."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return {**self.template.functions[function].environment, **own, **settings}

    def run(
        self, script: str, *arguments: str | Path, function: str = "PredictFunction", **settings: str
    ) -> Any:
        """What a script printed last, in JSON. Raises `CalledProcessError` when it fails."""
        # What the function logs goes to a file: the reader of a pipe would be woken by every line, on a
        # machine whose processors and caches it shares with what is measured.
        with tempfile.TemporaryFile() as output:
            subprocess.run(
                self.command(script, *arguments),
                env=self.environment(function, **settings),
                check=True,
                stdout=output,
            )
            output.seek(0)
            return json.loads(output.read().splitlines()[-1])

    def marks(self, script: str, *arguments: str | Path) -> dict[str, float]:
        """The seconds from the start of a process to each of the moments that its script prints."""
        began = time.monotonic()
        marks: dict[str, float] = self.run(script, *arguments)
        return {name: at - began for name, at in marks.items()}

    def _output(self, *arguments: str) -> str:
        return subprocess.run(
            [self.python, "-I", "-S", *arguments], check=True, capture_output=True, text=True
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


@contextmanager
def staged() -> Iterator[Stage]:
    """A stage with a champion trained from the real passengers. Raises `CannotRun`."""
    python = lambda_python()
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as folder, served_store(HOST) as store:
        print("Training the champion ...", flush=True)
        train_and_publish(store, Upload("datasets/titanic.csv", datetime.now(UTC)), TITANIC, by="bench")
        champion, _ = deployment.read_champion(store)
        model = Path(folder, "model.onnx")
        model.write_bytes(versions.read_model(store, versions.read_manifest(store, champion.version)))
        yield Stage(python, store, model, Path(folder))
