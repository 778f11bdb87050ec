"""What README.md tells people to type, typed: against the API as `make run` serves it."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.stories.local_stack import ROOT, Stack, local_stack

BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [(match[1], match[2]) for match in BLOCK.finditer(README)]
PREDICTION_ID = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECONDS = 30


@pytest.fixture(scope="module")
def stack(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("run")
    with local_stack(shutil.copytree(published, folder / "store"), folder) as stack:
        yield stack


@pytest.fixture(scope="module")
def prediction_id(stack: Stack) -> str:
    """The id of a prediction whose record has arrived in the store."""
    # The API is on this machine: a proxy from the environment does not know it.
    with httpx.Client(base_url=stack.api, headers=stack.headers, trust_env=False) as client:
        answer = client.post("/predict", json={"pclass": 1, "sex": "female"}).raise_for_status().json()
        id_: str = answer["prediction_id"]
        for _ in range(10 * SECONDS):
            if client.get(f"/predictions/{id_}").is_success:
                return id_
            time.sleep(0.1)
    raise AssertionError(f"no record of a prediction after {SECONDS} seconds")


def run(language: str, block: str, stack: Stack, prediction_id: str) -> str:
    """What the block prints, with this API, this key and a prediction that there was."""
    text = block.replace("127.0.0.1:8000", stack.api.removeprefix("http://"))
    text = PREDICTION_ID.sub(prediction_id, text)
    command = ["sh", "-ec", text] if language == "sh" else [sys.executable, "-c", text]
    environment = os.environ | {"KEY": stack.key, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    ).stdout


@pytest.mark.parametrize(
    ("language", "block"), BLOCKS, ids=[block.split("\n")[0][:60] for _, block in BLOCKS]
)
def test_what_stands_there_works(language: str, block: str, stack: Stack, prediction_id: str) -> None:
    printed = run(language, block, stack, prediction_id)
    if language == "python":
        assert printed.startswith("[1 0] [[")
    elif "accept: text/csv" in block:
        table = list(csv.DictReader(io.StringIO(printed)))
        assert len(table) == 1309
        assert all(0 <= float(line["probability"]) <= 1 for line in table)
    else:
        assert json.loads(printed).get("error") is None


def test_the_snippets_show_what_is_said_of_them(stack: Stack, prediction_id: str) -> None:
    printed = {
        block.split("127.0.0.1:8000/")[1].split()[0]: run(language, block, stack, prediction_id)
        for language, block in BLOCKS
        if language == "sh"
    }
    answers = {path: json.loads(text) for path, text in printed.items() if text.startswith("{")}
    assert answers["predict"]["survived"] is True
    explanation = answers["predict?explain=true'"]["explanation"]
    total = explanation["base_probability"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(answers["predict"]["probability"], abs=1e-6)
    (replayed,) = (answer for path, answer in answers.items() if path.endswith("/replay"))
    assert replayed["identical"] is True
    assert [one["survived"] for one in answers["invocations"]["predictions"]] == [True, False]


def test_the_answer_shown_has_the_form_of_the_one_given(stack: Stack, prediction_id: str) -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    (block,) = (block for _, block in BLOCKS if "/predict -H" in block)
    given = run("sh", block, stack, prediction_id)
    assert json.loads(shown).keys() == json.loads(given).keys()


def test_every_file_and_section_it_links_to_is_there() -> None:
    anchors = {
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", README, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_every_make_target_it_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE))
    assert {"demo", "test", "test-api"} <= named <= targets
