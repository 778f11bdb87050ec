"""docs/from-a-notebook.ipynb, cell by cell, beside a `make run`: from a DataFrame to an answer over HTTP."""

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from tests.stories.local_stack import ROOT, Stack, local_stack

NOTEBOOK: dict[str, Any] = json.loads((ROOT / "docs" / "from-a-notebook.ipynb").read_text(encoding="utf-8"))
CELLS: list[dict[str, Any]] = NOTEBOOK["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]
SHELL = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"[-+]?\d[\d.]*(e[-+]?\d+)?")
# Paths, keys, ids of predictions and of versions.
OF_A_MACHINE = re.compile(
    r"/(home|root|tmp|Users|work)/|lb_[0-9a-f]|[0-9a-f]{8}-[0-9a-f]{4}|\b[0-9a-f]{16}\b"
)


@dataclass(frozen=True)
class Run:
    """The names that the cells leave behind, and what each cell printed or showed."""

    names: dict[str, Any]
    outputs: dict[str, str]


@pytest.fixture(scope="module")
def stack(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("run")
    store = shutil.copytree(published, folder / "store")
    with pytest.MonkeyPatch.context() as patch, local_stack(store, folder) as stack:
        patch.setenv("LIFEBOAT_STORE", str(store))
        patch.setenv("API", stack.api)
        patch.setenv("KEY", stack.key)
        # The API is on this machine: a proxy from the environment does not know it.
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1")
        yield stack


@pytest.fixture(scope="module")
def run(stack: Stack) -> Run:
    run = Run({}, {})
    for cell in CODE:
        # As at a prompt, an expression that stands alone is shown.
        cells = ast.Interactive(ast.parse("".join(cell["source"])).body)
        with redirect_stdout(StringIO()) as output:
            exec(compile(cells, cell["id"], "single"), run.names)  # noqa: S102 - what a notebook does
        run.outputs[cell["id"]] = output.getvalue()
    return run


@pytest.mark.long
def test_the_pipeline_gets_into_service_and_is_as_good_as_before(run: Run) -> None:
    outcome, manifest = run.names["outcome"], run.names["manifest"]
    assert (outcome.status, outcome.decision.rule) == ("promoted", "first champion")
    assert (manifest["name"], manifest["model"]) == ("customers", "LogisticRegression")
    assert (
        manifest["metrics"]["roc_auc"]["low"] < run.names["expected"] < manifest["metrics"]["roc_auc"]["high"]
    )
    assert manifest["certificate"]["label_flips"] == 0
    assert manifest["certificate"]["largest_difference"] < 1e-5


@pytest.mark.long
def test_the_served_model_answers_as_the_pipeline_does(run: Run) -> None:
    answer, customers = run.names["answer"], run.names["customers"]
    assert answer["model"] == {"name": "customers", "version": run.names["outcome"].version}
    assert (answer["left"], answer["probability"] > 0.9) == ("yes", True)
    row = customers.head(1).assign(**run.names["customer"] | {"region": None, "paperless": "yes"})
    fitted = run.names["pipeline"].fit(run.names["features"], run.names["left"])
    # That one was fitted on all rows, the served one on four fifths of them.
    assert answer["probability"] == pytest.approx(fitted.predict_proba(row)[0, 1], abs=0.02)


@pytest.mark.long
def test_the_explanation_adds_up_to_the_answer(run: Run) -> None:
    explanation = run.names["explanation"]
    assert explanation["contributions"].keys() == set(run.names["features"].columns)
    total = explanation["base_probability"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(run.names["answer"]["probability"], abs=1e-5)


@pytest.mark.long
def test_the_curl_gets_the_same_answer(run: Run, stack: Stack) -> None:
    blocks = SHELL.findall("\n".join("".join(cell["source"]) for cell in CELLS))
    [curl] = (block for block in blocks if block.startswith("curl"))
    command = ["sh", "-ec", curl]
    answer = json.loads(
        subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    )
    assert answer["probability"] == run.names["answer"]["probability"]


@pytest.mark.long
def test_the_outputs_in_the_file_have_the_form_of_those_that_come(run: Run) -> None:
    stored = {cell["id"]: "".join(map(text_of, cell["outputs"])) for cell in CODE}
    assert {id_: form_of(text) for id_, text in stored.items()} == {
        id_: form_of(text) for id_, text in run.outputs.items()
    }


def text_of(output: dict[str, Any]) -> str:
    return "".join(output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"])


def form_of(text: str) -> list[str]:
    """The lines without their numbers, by which they may be ordered."""
    return sorted(" ".join(NUMBER.sub("#", line).split()) for line in text.splitlines())


def test_the_file_is_a_notebook_that_was_run_from_top_to_bottom() -> None:
    assert (NOTEBOOK["nbformat"], NOTEBOOK["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in CELLS}) == len(CELLS)
    assert [cell["execution_count"] for cell in CODE] == list(range(1, len(CODE) + 1))
    assert all(cell["metadata"] == {} for cell in CELLS)


def test_nothing_of_the_machine_that_ran_it_is_in_the_file() -> None:
    assert OF_A_MACHINE.search(json.dumps(NOTEBOOK)) is None
