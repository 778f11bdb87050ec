"""A version's folder scores frames by itself: with its own code, as the API scores requests."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from functions.core.registry import versions
from functions.core.schema.rows import RowReader
from functions.core.scoring.scorer import Scorer
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import ModelStore
from tests.support.titanic import MODEL, SCHEMA, columns_of, people, row
from training.publication.mlmodel import loader

# Nothing of the repository is on its path: what is imported has to be in the folder.
_ELSEWHERE = """
import json, sys
sys.path.insert(0, sys.argv[1] + "/code.zip")
import pandas, lifeboat_model
model = lifeboat_model._load_pyfunc(sys.argv[1] + "/model.onnx")
answers = model.predict(pandas.DataFrame(json.load(sys.stdin)))
print(json.dumps([answers.survived.tolist(), answers.probability.tolist(), lifeboat_model.__file__]))
"""


@pytest.fixture(scope="session")
def folder(published: Path) -> Path:
    """The folder of the champion."""
    [folder] = (published / "models" / MODEL).iterdir()
    return folder


@pytest.fixture(scope="session")
def model(folder: Path) -> loader.RowModel:
    return loader._load_pyfunc(str(folder / "model.onnx"))


def test_the_folder_scores_rows_where_there_is_no_lifeboat(
    folder: Path, published: Path, tmp_path: Path
) -> None:
    rows = [passenger for passenger, _ in people(50)]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ELSEWHERE, str(folder)],
        input=json.dumps(rows), capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60,
    )  # fmt: skip
    survived, probability, file = json.loads(done.stdout)
    store = ModelStore(FolderStore(str(published)), MODEL)
    manifest = versions.read_manifest(store, folder.name)
    scores = Scorer(versions.read_model(store, manifest), SCHEMA).run(columns_of(rows))
    assert probability == scores.probability.tolist()
    assert survived == [label == 1 for label in scores.label.tolist()]
    assert file == f"{folder}/code.zip/lifeboat_model.py"


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_missing_is_missing_however_a_frame_says_it(model: loader.RowModel, missing: object) -> None:
    sent = row(age=None, embarked=None)
    without = {name: value for name, value in sent.items() if value is not None}
    expected = model.predict(pd.DataFrame([without])).probability.tolist()
    frame = pd.DataFrame([sent | {"age": missing, "embarked": missing}], dtype=object)
    assert model.predict(frame).probability.tolist() == expected


def test_a_row_is_read_as_that_of_a_request_is(model: loader.RowModel) -> None:
    frame = pd.DataFrame([row(sex="M", name="Allen, Mr. William"), row(sex="male", title="Mr")])
    first, second = model.predict(frame).probability.tolist()
    assert first == second
    assert RowReader(SCHEMA).read(row(sex="M")).values == RowReader(SCHEMA).read(row(sex="male")).values


def test_answers_have_the_index_of_the_frame(model: loader.RowModel) -> None:
    frame = pd.DataFrame([row(), row(pclass=1)], index=["a", "b"])
    assert model.predict(frame).index.tolist() == ["a", "b"]
    assert model.predict(frame.iloc[:0]).to_dict() == {"survived": {}, "probability": {}}


def test_what_a_row_cannot_have_is_refused_by_name_and_the_list_is_short(model: loader.RowModel) -> None:
    frame = pd.DataFrame([row(), row(sex="femal", pclass=4)])
    with pytest.raises(ValueError, match=r"^row 1: pclass must be 1, 2 or 3; row 1: sex must be female or "):
        model.predict(frame)
    with pytest.raises(ValueError, match=r"; and 20 more$"):
        model.predict(pd.DataFrame([row(sex="femal")] * 30))


def test_a_version_that_is_not_published_does_not_load(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("manifest.json"))
    with pytest.raises(FileNotFoundError, match=r"manifest.json"):
        loader._load_pyfunc(str(tmp_path / "copy" / "model.onnx"))
