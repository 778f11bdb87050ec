"""From an uploaded table that nobody here has seen to a model in service, by a schema that is inferred."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from functions.core.registry import deployment, models, versions
from functions.core.registry.keys import report_key
from functions.core.schema.document.parsing import parse_schema, read_schema
from functions.core.schema.schema import Schema
from functions.core.storage.contract import Store
from functions.core.storage.folder import FolderStore
from functions.core.storage.view import SCHEMA as SCHEMA_KEY
from functions.core.storage.view import ModelStore
from tests.conftest import SCHEMA as TITANIC_SCHEMA
from tests.support.strangers import breast_cancer_table, churn_table
from tests.support.training import QUICK
from training.gate.rules import Limits
from training.publication import upload as uploads
from training.publication.promotion import Outcome
from training.publication.upload import train_and_publish
from training.table.provenance import Upload
from training.table.report import read_report
from training.table.schemas import infer, keep_schema


def churn(path: Path, rows: int = 900, seed: int = 0) -> Path:
    path.write_text(churn_table(rows, seed=seed))
    return path


def hand_in(store: Store, model: str, path: Path, *, at: datetime | None = None, **named: Any) -> Outcome:
    upload = Upload(f"datasets/{model}/{path.name}", at or datetime.now(UTC))
    part = ModelStore(store, model)
    return train_and_publish(part, upload, path, by="test", configuration=QUICK, **named)


def test_thirty_numbers_become_a_model_in_service(whole_store: Store, tmp_path: Path) -> None:
    path = tmp_path / "tumours.csv"
    path.write_text(breast_cancer_table())
    outcome = hand_in(whole_store, "tumours", path, target="diagnosis")
    assert (outcome.status, outcome.decision.rule) == ("promoted", "first champion")
    store = ModelStore(whole_store, "tumours")
    assert outcome.version is not None
    manifest = versions.read_manifest(store, outcome.version)
    assert manifest.metrics["roc_auc"].value > 0.95
    assert len(manifest.signature.inputs) == 30
    assert (manifest.certificate.rows, manifest.certificate.patterns) == (569, "covering sample")
    assert manifest.dataset.key == "datasets/tumours/tumours.csv"
    assert (manifest.dataset.rows, manifest.dataset.positives) == (569, 212)
    assert len(manifest.dataset.columns.used) == 31
    assert manifest.schema_of_rows.target.answers == ("benign", "malignant")
    assert hand_in(whole_store, "tumours", path, target="diagnosis").status == "already published"


def test_a_table_of_words_and_numbers_keeps_its_inferred_schema_and_its_report(
    whole_store: Store, tmp_path: Path
) -> None:
    path = churn(tmp_path / "customers.csv")
    outcome = hand_in(whole_store, "churn", path, target="churned")
    assert outcome.status == "promoted"
    store = ModelStore(whole_store, "churn")
    assert outcome.version is not None
    schema = read_schema(store.get(SCHEMA_KEY).body)
    manifest = versions.read_manifest(store, outcome.version)
    assert manifest.table_schema == schema.document
    assert schema.names == ("Calls", "Monthly Charge", "Plan", "Paperless")
    report = read_report(store.get(report_key(outcome.version)).body)
    assert report == outcome.report
    assert report.columns.passed_over == ["Customer ID"]
    assert any("Customer ID" in note for note in report.notes)
    answer = outcome.answer()
    assert answer["columns"]["passed_over"] == ["Customer ID"]
    assert (answer["valid_rows"], answer["rejected_rows"]) == (900, 0)
    json.dumps(answer)
    # The schema is the model's now: it takes no target to be trained again.
    again = hand_in(whole_store, "churn", path)
    assert (again.status, again.version) == ("already published", outcome.version)
    assert again.report == report
    assert models.names(whole_store) == ["churn"]


def test_the_same_table_makes_the_same_version_and_the_same_graph_anywhere(tmp_path: Path) -> None:
    path = churn(tmp_path / "customers.csv")
    stores = [FolderStore(str(tmp_path / name)) for name in ("one", "other")]
    made = [hand_in(store, "churn", path, target="churned") for store in stores]
    assert made[0].version == made[1].version
    assert made[0].version is not None
    manifests = [versions.read_manifest(ModelStore(store, "churn"), made[0].version) for store in stores]
    assert manifests[0].files["model.onnx"] == manifests[1].files["model.onnx"]


def test_a_table_without_a_target_is_rejected_and_leaves_no_schema(
    whole_store: Store, tmp_path: Path
) -> None:
    outcome = hand_in(whole_store, "customers", churn(tmp_path / "customers.csv"))
    assert (outcome.status, outcome.version) == ("rejected", None)
    assert outcome.decision.rule == "unfit dataset"
    assert "target" in outcome.decision.reason
    assert "Churned" in outcome.decision.reason
    assert [entry.key.partition("/")[0] for entry in whole_store.list("")] == ["registry", "rejected"]
    report = json.loads(whole_store.get(next(whole_store.list("rejected/customers/")).key).body)
    assert report["reason"] == outcome.decision.reason
    assert report["key"] == "datasets/customers/customers.csv"


def test_an_inferred_schema_of_a_table_that_cannot_train_is_not_kept(
    whole_store: Store, tmp_path: Path
) -> None:
    outcome = hand_in(whole_store, "churn", churn(tmp_path / "few.csv", rows=20), target="churned")
    assert outcome.status == "rejected"
    assert "too few rows" in outcome.decision.reason
    assert models.names(whole_store) == []


def test_a_damaged_schema_is_refused_with_its_faults(whole_store: Store, tmp_path: Path) -> None:
    path = churn(tmp_path / "customers.csv")
    whole_store.put("schemas/churn.json", b'{"fields": [{"name": "a", "type": "number"}], "target": "b"}')
    outcome = hand_in(whole_store, "churn", path)
    assert outcome.status == "rejected"
    assert "target b is none of the fields; add it to them (in schemas/churn.json)" in outcome.decision.reason


def test_another_target_than_that_of_the_schema_is_said(whole_store: Store, tmp_path: Path) -> None:
    path = churn(tmp_path / "customers.csv")
    hand_in(whole_store, "churn", path, target="churned")
    more = churn(tmp_path / "more.csv", rows=1_000)
    outcome = hand_in(whole_store, "churn", more, target="Paperless")
    assert outcome.version
    [note] = [note for note in outcome.report.notes if "Paperless" in note]
    assert "predicts Churned" in note
    assert "change schemas/churn.json" in note


def test_who_comes_second_with_a_new_model_trains_by_the_schema_of_the_first(
    whole_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = churn(tmp_path / "customers.csv")
    first = parse_schema(
        {
            "fields": [
                {"name": "Calls", "type": "integer"},
                {"name": "Plan", "type": "string", "categories": ["basic", "plus", "gold"]},
                {"name": "Churned", "type": "boolean"},
            ],
            "target": "Churned",
        }
    )

    def beaten(store: ModelStore, schema: Schema) -> Schema:
        store.create(SCHEMA_KEY, first.as_json())
        return keep_schema(store, schema)

    monkeypatch.setattr(uploads, "keep_schema", beaten)
    outcome = hand_in(whole_store, "churn", path, target="churned")
    assert outcome.version is not None
    manifest = versions.read_manifest(ModelStore(whole_store, "churn"), outcome.version)
    assert manifest.table_schema == first.document
    assert len(manifest.signature.inputs) == 2


def test_a_column_that_is_new_is_compared_on_rows_that_neither_model_was_fitted_on(
    whole_store: Store, tmp_path: Path
) -> None:
    path = churn(tmp_path / "customers.csv", rows=2_000)
    noon = datetime(2026, 11, 1, 12, tzinfo=UTC)
    first = hand_in(whole_store, "churn", path, at=noon, target="churned")
    store = ModelStore(whole_store, "churn")
    document = json.loads(store.get(SCHEMA_KEY).body)
    document["fields"].append({"name": "Region", "type": "string", "categories": ["north", "south"]})
    header, *rows = path.read_text().splitlines()
    path.write_text("\n".join([f"{header},Region", *(f"{row},north" for row in rows)]))
    schema = parse_schema(document)
    second = hand_in(whole_store, "churn", path, at=noon, schema=schema)
    assert second.decision.champion == first.version
    numbers = second.decision.numbers
    assert second.version is not None
    facts = versions.read_manifest(store, second.version).dataset
    # A fifth of a fifth of the rows.
    assert 0.5 * facts.rows / 25 < numbers["holdout_rows"] < 1.5 * facts.rows / 25
    assert read_schema(store.get(SCHEMA_KEY).body).document == document
    strict = Limits(min_holdout_rows=400)
    held = hand_in(whole_store, "churn", path, at=noon, schema=schema, limits=strict)
    if second.status == "published":
        assert held.decision.rule == "changed schema"
        assert "promote it by hand" in held.decision.reason


def test_two_models_in_a_store_have_nothing_in_common(whole_store: Store, tmp_path: Path) -> None:
    hand_in(whole_store, "churn", churn(tmp_path / "a.csv"), target="churned")
    tumours = tmp_path / "tumours.csv"
    tumours.write_text(breast_cancer_table())
    hand_in(whole_store, "tumours", tumours, target="diagnosis")
    assert models.names_in_service(whole_store) == ["churn", "tumours"]
    for model in ("churn", "tumours"):
        part = ModelStore(whole_store, model)
        [version] = versions.published(part)
        assert deployment.read_champion(part)[0].version == version
        assert versions.read_manifest(part, version).name == model


def test_the_titanic_by_its_own_schema_keeps_the_schema_for_the_next_upload(
    whole_store: Store, tmp_path: Path
) -> None:
    # A file that only the schema can read: the columns have other names.
    people = (f"{1 + n % 3},{'f' if n % 2 else 'm'},{n % 80},{n % 2}" for n in range(400))
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(["Class,Gender,Age,Survived", *people]))
    outcome = hand_in(whole_store, "titanic", path, schema=TITANIC_SCHEMA)
    assert outcome.version
    store = ModelStore(whole_store, "titanic")
    assert read_schema(store.get(SCHEMA_KEY).body).document == TITANIC_SCHEMA.document
    assert np.isclose(versions.read_manifest(store, outcome.version).metrics["roc_auc"].value, 1)


def test_rows_that_cannot_be_read_are_reported_beside_the_version(whole_store: Store, tmp_path: Path) -> None:
    path = churn(tmp_path / "customers.csv")
    schema = infer(path, target="churned", name="churn").schema
    with path.open("a") as file:
        file.write("C-1,many,20,plus,yes,no\n" * 3)
    outcome = hand_in(whole_store, "churn", path, schema=schema)
    assert outcome.version is not None
    report = json.loads(ModelStore(whole_store, "churn").get(report_key(outcome.version)).body)
    assert report["rejected_rows"] == 3
    assert [row["line"] for row in report["bad_rows"]] == [902, 903, 904]
