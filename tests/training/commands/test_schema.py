"""`python -m training schema`: a schema is inferred, edited, checked, and used by a training."""

import json
from pathlib import Path

import pytest

from functions.core.registry import versions
from functions.core.schema.document.parsing import read_schema
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.conftest import SCHEMA
from tests.support.strangers import write_churn
from training.__main__ import main


def test_a_schema_is_inferred_edited_checked_and_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write_churn(tmp_path / "customers.csv")
    assert main(["schema", "infer", str(path), "--target", "churned"]) == 0
    said = capsys.readouterr()
    assert "Customer ID" in said.err
    document = json.loads(said.out)
    document["fields"] = [field for field in document["fields"] if field["name"] != "Paperless"]
    document["slices"] = ["Plan"]
    schema = tmp_path / "edited.json"
    schema.write_text(json.dumps(document))
    assert main(["schema", "check", str(schema), "--dataset", str(path)]) == 0
    said = capsys.readouterr()
    for part in ("is fine", "predicts     Churned", "slices       Plan", "fits it: 900 rows"):
        assert part in said.out
    store = str(tmp_path / "store")
    command = ["--dataset", str(path), "--schema", str(schema), "--model", "churn", "--store", store]
    assert main([*command, "--folds", "2"]) == 0
    part_of_model = ModelStore(FolderStore(store), "churn")
    assert read_schema(part_of_model.get(SCHEMA_KEY).body).document == document
    [version] = versions.published(part_of_model)
    assert "Plan=gold" in versions.read_manifest(part_of_model, version).slices


def test_the_values_that_count_as_yes_may_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "wine.csv"
    path.write_text("acid,quality\n" + "1.5,bad\n2,good\n3,great\n1.25,good\n" * 20)
    command = ["schema", "infer", str(path), "--target", "quality"]
    assert main(command) == 1
    assert "name those with `--positive`" in capsys.readouterr().err
    assert main([*command, "--positive", "good,great"]) == 0
    said = capsys.readouterr()
    assert "good, great count as yes, and bad as no" in said.err
    document = json.loads(said.out)
    assert document["target"] == {"field": "quality", "positive": ["good", "great"]}
    (tmp_path / "wine.schema.json").write_text(json.dumps(document))
    command = ["evaluate", "--dataset", str(path), "--schema", str(tmp_path / "wine.schema.json")]
    assert main([*command, "--positive", "good"]) == 1
    assert "--positive is for a schema that is inferred" in capsys.readouterr().err


def test_what_is_wrong_with_a_schema_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    schema = tmp_path / "wrong.json"
    schema.write_text('{"fields": [{"name": "a", "type": "number"}, {"name": "A "}], "target": "b"}')
    assert main(["schema", "check", str(schema)]) == 1
    said = capsys.readouterr().err
    assert "the schema does not fit:" in said
    assert "A and a are one name here" in said
    assert "target b is none of the fields" in said


def test_a_table_that_does_not_fit_its_schema_is_told_from_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = tmp_path / "titanic.json"
    schema.write_bytes(SCHEMA.as_json())
    table = tmp_path / "other.csv"
    table.write_text("pclass,sex,survived,hair\n" + "1,male,1,x\n3,other,0,x\n" * 50)
    assert main(["schema", "check", str(schema), "--dataset", str(table)]) == 1
    said = capsys.readouterr().err
    assert "refused: 50 of 100 rows are bad" in said
    assert "the column sex has words that are none of its categories: other (50)" in said
    assert "the schema does not know these columns: hair; to use one, add it to its fields" in said
