"""The training image: it trains and scores as this machine does, as nobody, and holds nothing else."""

import json
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import TITANIC
from tests.support.engine import Engine
from training.__main__ import main

MAX_MIB = 1_150
RUN_SECONDS = 300.0
# As the job in Kubernetes has it: no writing but below two folders, no right to become anybody else.
CONFINED = (
    *("run", "--rm", "--read-only", "--network", "none", "--cap-drop", "ALL"),
    *("--security-opt", "no-new-privileges", "--tmpfs", "/tmp:mode=1777"),  # noqa: S108  (of the container)
)


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder that the container writes to, whoever it is."""
    folder = tmp_path / "data"
    folder.mkdir()
    folder.chmod(0o777)
    return folder


def run(engine: Engine, image: str, folder: Path, *command: str) -> str:
    """What a command said in a container, confined, that has `folder` as /data."""
    return engine.docker(*CONFINED, "--volume", f"{folder}:/data", image, *command, seconds=RUN_SECONDS)


def test_it_trains_and_scores_to_the_same_bytes_as_this_machine(
    engine: Engine, image: str, shared: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # By its id, which is a digest: nothing but these bytes is started.
    assert image.startswith("sha256:")
    arguments = ["train", "--folds", "2", "--model", "titanic"]
    said = run(engine, image, shared, "python", "-m", "training", *arguments)
    assert main([*arguments, "--store", str(tmp_path / "here")]) == 0
    here = capfd.readouterr().out

    def told(text: str, what: str) -> str:
        [line] = [line for line in text.splitlines() if line.startswith(what)]
        return line

    # The Python of the image may be another: no version is made of that.
    assert told(said, "version ") == told(here, "version ")
    assert told(said, "model.onnx") == told(here, "model.onnx")
    (shared / "rows.csv").write_bytes(TITANIC.read_bytes())
    run(engine, image, shared, "python", "-m", "training", "score", "rows.csv", "answers.csv")
    answers = (shared / "answers.csv").read_text().splitlines()
    assert len(answers) == 1_310
    assert "probability" in answers[0]


def test_it_has_what_scoring_on_a_cluster_takes(engine: Engine, image: str, shared: Path) -> None:
    run(engine, image, shared, "python", "-c", "import dask, distributed, lightgbm, pyarrow")


def test_it_is_nobody_and_cannot_change_its_code(engine: Engine, image: str, shared: Path) -> None:
    assert run(engine, image, shared, "id", "-u") == "10001"
    config = json.loads(engine.docker("image", "inspect", image))[0]["Config"]
    assert config["User"] == "10001:10001"
    assert not config.get("Entrypoint")
    writable = "find /app /opt/lifeboat -not -type l -writable | head -3"
    assert run(engine, image, shared, "sh", "-c", writable) == ""


def test_it_is_as_small_as_its_libraries_are(engine: Engine, image: str) -> None:
    size = int(engine.docker("image", "inspect", image, "--format", "{{.Size}}")) / 2**20
    print(f"image      {size:,.0f} MiB")
    assert size < MAX_MIB


def test_no_layer_holds_a_secret_or_anything_that_is_not_its_own(
    engine: Engine, image: str, tmp_path: Path
) -> None:
    archive = tmp_path / "image.tar"
    engine.docker("image", "save", "--output", str(archive), image, seconds=RUN_SECONDS)
    names: set[str] = set()
    # What this machine knows and nobody else is to: an index with a password in it, keys, tokens.
    secrets = [
        value.encode()
        for name, value in os.environ.items()
        if any(word in name for word in ("TOKEN", "SECRET", "PASSWORD", "INDEX_URL")) and len(value) > 8
    ]
    with tarfile.open(archive) as layers:
        for part in layers.getmembers():
            for name, content in _files_of(layers, part):
                names.add(name)
                assert not any(secret in content for secret in secrets), name
    assert "app/training/model/train.py" in names
    folders = {"/".join(name.split("/")[:3]) for name in names if name.startswith("app/")}
    assert {"app/functions/core", "app/training/data"} <= folders
    unwanted = (".git/", ".env", "tests/", "node_modules", "functions/predict", "build/", "id_rsa")
    assert not [name for name in names if name.startswith("app/") and any(bad in name for bad in unwanted)]


def _files_of(layers: tarfile.TarFile, part: tarfile.TarInfo) -> Iterator[tuple[str, bytes]]:
    """The files of ours in a layer of a saved image, by name; a part that is none by its own."""
    stream = layers.extractfile(part) if part.isfile() else None
    if stream is None:
        return
    if not tarfile.is_tarfile(stream):
        # What the image says of itself, in JSON.
        stream.seek(0)
        yield part.name, stream.read()
        return
    stream.seek(0)
    with tarfile.open(fileobj=stream) as files:
        for file in files:
            content = files.extractfile(file) if file.isfile() and file.size < 1_000_000 else None
            if content and file.name.startswith(("app/", "opt/lifeboat/")):
                yield file.name, content.read()


def test_what_is_not_named_does_not_reach_the_build() -> None:
    ignored = (Path(__file__).parents[2] / ".dockerignore").read_text().split()
    assert "*" in ignored
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert allowed == {
        "LICENSE",
        "build/mlflow-wheels",
        "build/wheels",
        "functions",
        "openapi.json",
        "pyproject.toml",
        "requirements-mlflow.txt",
        "requirements.txt",
        "template.yaml",
        "training",
    }


def test_a_build_asks_no_network(engine: Engine, image: str) -> None:
    """It was built with `--network none`; and what it was told is in nobody's history."""
    history = engine.docker("image", "history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "PIP_INDEX_URL=http" not in history
