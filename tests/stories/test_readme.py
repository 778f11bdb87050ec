"""What README.md and docs/ tell people to type, typed: against the API as `make run` serves it."""

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

from functions.core.schema.document.parsing import read_schema
from tests.bench.__main__ import ALONE
from tests.docs.reading import INDEX, PAGES, README, blocks
from tests.stories.local_stack import ROOT, Stack, local_stack

BLOCKS = [*dict.fromkeys(one for page in PAGES for one in blocks(page) if one[0] in {"sh", "python"})]
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
    text = PREDICTION_ID.sub(prediction_id, block)
    command = ["sh", "-ec", text] if language == "sh" else [sys.executable, "-c", text]
    environment = os.environ | {"API": stack.api, "KEY": stack.key}
    environment |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True
    ).stdout


@pytest.mark.long
@pytest.mark.parametrize(
    ("language", "block"), BLOCKS, ids=[block.split("\n")[0][:60] for _, block in BLOCKS]
)
def test_what_stands_there_works(language: str, block: str, stack: Stack, prediction_id: str) -> None:
    printed = run(language, block, stack, prediction_id)
    if "load_breast_cancer" in block:
        assert len(printed.splitlines()) == 570
    elif language == "python":
        assert printed.startswith("[1 0] [[")
    elif "accept: text/csv" in block:
        table = list(csv.DictReader(io.StringIO(printed)))
        assert len(table) == 1309
        assert all(0 <= float(line["probability"]) <= 1 for line in table)
    else:
        assert json.loads(printed).get("error") is None


@pytest.mark.long
def test_the_snippets_show_what_is_said_of_them(stack: Stack, prediction_id: str) -> None:
    printed = {
        block.split('"$API/')[1].split('"')[0]: run(language, block, stack, prediction_id)
        for language, block in BLOCKS
        if language == "sh"
    }
    answers = {path: json.loads(text) for path, text in printed.items() if text.startswith("{")}
    assert answers["predict"]["survived"] is True
    explanation = answers["predict?explain=true"]["explanation"]
    total = explanation["base_probability"] + sum(explanation["contributions"].values())
    assert total == pytest.approx(answers["predict"]["probability"], abs=1e-6)
    (replayed,) = (answer for path, answer in answers.items() if path.endswith("/replay"))
    assert replayed["identical"] is True
    assert [one["survived"] for one in answers["invocations"]["predictions"]] == [True, False]


@pytest.mark.long
def test_the_answer_shown_has_the_form_of_the_one_given(stack: Stack, prediction_id: str) -> None:
    [shown] = json_blocks(README)
    (block,) = (block for _, block in BLOCKS if '/predict" -H' in block)
    answer, given = json.loads(shown), json.loads(run("sh", block, stack, prediction_id))
    assert answer.keys() == given.keys()
    assert answer["probability"] == pytest.approx(given["probability"], abs=0.001)


@pytest.mark.long
def test_what_students_are_told_to_look_at_is_in_the_answers(stack: Stack, prediction_id: str) -> None:
    for section in PAGES[ROOT / "docs" / "students.md"].split("\n## ")[1:]:
        commands = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
        printed = "".join(run("sh", command, stack, prediction_id) for command in commands)
        named = re.findall(r"`(\w+)`", re.sub(r"^```.*?^```$", "", section, flags=re.MULTILINE | re.DOTALL))
        for name in named if commands else ():
            assert f'"{name}":' in printed, f"{section.splitlines()[0]}: {name}"


def json_blocks(path: Path) -> list[str]:
    return [text for language, text in blocks(path) if language == "json"]


def test_the_schema_shown_is_one() -> None:
    [shown] = json_blocks(ROOT / "docs" / "schema.md")
    schema = read_schema(shown.encode())
    assert schema.notes == ()
    keys = re.findall(r"^\| `(\w+)`", PAGES[ROOT / "docs" / "schema.md"], re.MULTILINE)
    # Each key of the example is explained.
    assert {*json.loads(shown)} <= {*keys}


def anchors(text: str) -> set[str]:
    return {
        re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_and_section_that_is_linked_to_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        if target.startswith("https://"):
            continue
        name, _, section = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        assert not section or section in anchors(PAGES[file]), target


def test_every_make_target_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    targets |= {f"bench-{name}" for name in ALONE}
    named = {
        name
        for text in PAGES.values()
        for name in re.findall(r"(?:`|^)make\s+([a-z0-9-]+)", text, re.MULTILINE)
    }
    assert {"demo", "test", "test-api", "model", "upload", "key"} <= named <= targets


def test_every_page_is_linked_to() -> None:
    for page in PAGES:
        assert page in {README, INDEX} or f"]({page.name})" in PAGES[INDEX]
