"""Clients that generators make from openapi.json, without a line by hand, ask the running API."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.local.process.child import ROOT
from functions.local.process.state import BUILD
from tests.stories.local_stack import Stack

HERE = Path(__file__).parent
DOCUMENT = ROOT / "openapi.json"
SECONDS = 180
ROW = {"pclass": 1, "sex": "female", "age": 29.0}

_PYTHON = """\
import importlib, json, sys
from pathlib import Path

api, key, row = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
from lifeboat_client import AuthenticatedClient
from lifeboat_client.models import Passenger

(module,) = Path("lifeboat_client/api").rglob("post_predict.py")
predict = importlib.import_module(".".join(module.with_suffix("").parts))
client = AuthenticatedClient(base_url=api, token=key, prefix="", auth_header_name="x-api-key")
print(json.dumps(predict.sync(client=client, body=Passenger.from_dict(row)).to_dict()))
"""
_TYPESCRIPT = """\
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

declare const process: { argv: string[]; exit(code: number): never };
const [, , baseUrl = "", key = "", row = ""] = process.argv;
const client = createClient<paths>({ baseUrl, headers: { "x-api-key": key } });
const body: components["schemas"]["Row"] = JSON.parse(row);
const { data, error } = await client.POST("/predict", { params: { query: {} }, body });
if (error) throw new Error(error.error);
const probability: number = data.probability;
console.log(JSON.stringify({ ...data, probability }));
"""


def finished(command: Sequence[str | Path], folder: Path) -> str:
    """What a command printed; the test fails with what it said when it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def generator() -> Path:
    """The environment of openapi-python-client, which its lock describes."""
    lock, folder = HERE / "requirements.txt", BUILD / "openapi-python-client"
    uv, stamp = Path(sys.executable).with_name("uv"), folder / "installed"
    if not stamp.exists() or stamp.read_text() != f"{folder}\n{lock.read_text()}":
        finished([uv, "venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, folder], ROOT)
        python = folder / "bin" / "python"
        finished([uv, "pip", "sync", "--quiet", "--require-hashes", "--python", python, lock], ROOT)
        stamp.write_text(f"{folder}\n{lock.read_text()}")
    return folder / "bin"


def asked(stack: Stack) -> dict[str, Any]:
    """What the API answers to the row."""
    answer = httpx.post(
        f"{stack.api}/predict", json=ROW, headers=stack.headers, timeout=SECONDS, trust_env=False
    )
    prediction: dict[str, Any] = answer.raise_for_status().json()
    return prediction


def test_the_client_of_openapi_python_client_predicts(generator: Path, stack: Stack, tmp_path: Path) -> None:
    command: list[str | Path] = [
        generator / "openapi-python-client",
        "generate",
        "--path",
        DOCUMENT,
        "--meta",
        "none",
    ]
    command += ["--output-path", "lifeboat_client", "--config", HERE / "openapi-python-client.yaml"]
    said = finished(command, tmp_path)
    # It passes over what it cannot read, and says so.
    assert "WARNING" not in said
    assert "Unable" not in said
    (tmp_path / "ask.py").write_text(_PYTHON)
    said = finished([generator / "python", "ask.py", stack.api, stack.key, json.dumps(ROW)], tmp_path)
    prediction = json.loads(said)
    assert prediction["probability"] == asked(stack)["probability"]
    assert prediction["survived"] is True


def test_the_client_of_openapi_typescript_predicts(modules: Path, stack: Stack, tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(modules)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "ask.ts").write_text(_TYPESCRIPT)
    finished([modules / ".bin" / "openapi-typescript", DOCUMENT, "-o", "api.ts"], tmp_path)
    strictly = ["--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom,dom.iterable"]
    finished([modules / ".bin" / "tsc", *strictly, "ask.ts"], tmp_path)
    node = shutil.which("node")
    assert node
    said = finished([node, "ask.js", stack.api, stack.key, json.dumps(ROW)], tmp_path)
    prediction = json.loads(said)
    assert prediction["probability"] == asked(stack)["probability"]
    assert prediction["survived"] is True
