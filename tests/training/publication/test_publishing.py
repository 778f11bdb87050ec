"""What a run that died left behind, and uploads that come too late or were taken back."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import onnx
import pytest

from functions.core.base.errors import NotFound, UnusableModel
from functions.core.registry import deletion, deployment, versions
from functions.core.registry.comparison import read_holdout
from functions.core.registry.keys import (
    CHAMPION,
    holdout_key,
    manifest_key,
    model_key,
    rows_key,
    sha256,
)
from functions.core.registry.lineage import from_metadata, to_metadata
from functions.core.registry.manifest import File, Lineage
from functions.core.storage.view import ModelStore
from tests.conftest import TITANIC
from tests.support.graphs import constant_graph
from tests.support.titanic import SCHEMA
from tests.support.training import QUICK
from tests.support.versions import overwrite_manifest
from training.gate.rules import Limits
from training.model.train import Trained
from training.publication import upload as uploads
from training.publication.promotion import Outcome
from training.publication.upload import train_and_publish
from training.table.dataset import Dataset
from training.table.provenance import Upload

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
Publish = Callable[..., Outcome]
LINEAGE = Lineage(
    reference_key="datasets/titanic/Passagiere Süd.csv",
    reference_version_id="v1",
    reference_sha256="0" * 64,
    labels=50,
    reason="drift",
    champion="0123456789abcdef",
)


@pytest.fixture
def publish(store: ModelStore, trained: Trained, monkeypatch: pytest.MonkeyPatch) -> Publish:
    """Publishes the shipped table. One training serves all tests: another would make the same bytes."""
    monkeypatch.setattr(uploads, "train", lambda *_: trained)

    def run(
        at: datetime = NOON,
        limits: Limits | None = None,
        path: Path = TITANIC,
        lineage: Lineage | None = None,
    ) -> Outcome:
        upload = Upload("datasets/titanic/titanic.csv", at, lineage=lineage)
        return train_and_publish(
            store, upload, path, by="test", schema=SCHEMA, configuration=QUICK, limits=limits
        )

    return run


def version_of(outcome: Outcome) -> str:
    assert outcome.version is not None
    return outcome.version


def moved(model: bytes, attribute: str, by: float) -> bytes:
    """The graph `model` with the first number of an attribute of its trees moved."""
    graph = onnx.load_from_string(model)
    tree = next(node for node in graph.graph.node if node.op_type.startswith("TreeEnsemble"))
    next(part for part in tree.attribute if part.name == attribute).floats[0] += by
    body: bytes = graph.SerializeToString()
    return body


@pytest.mark.parametrize(
    ("left", "is_kept"),
    [
        # As another kind of processor would have made it: another last bit.
        (lambda model: moved(model, "class_weights", 1e-7), True),
        (lambda model: moved(model, "nodes_values", 1), False),
        (lambda _: b"junk", False),
    ],
)
def test_a_graph_left_behind_is_published_only_if_it_is_proven(
    store: ModelStore, publish: Publish, trained: Trained, left: Callable[[bytes], bytes], is_kept: bool
) -> None:
    version = version_of(publish())
    for key in (CHAMPION, manifest_key(version)):
        store.delete(key)
    leftover = left(trained.model)
    assert leftover != trained.model
    store.put(model_key(version), leftover)
    store.put(holdout_key(version), b"of another graph")
    again = publish()
    assert (again.status, again.version) == ("promoted", version)
    manifest = versions.read_manifest(store, version)
    assert versions.read_model(store, manifest) == (leftover if is_kept else trained.model)
    assert len(read_holdout(store, manifest).outcome) == manifest.dataset.holdout_rows


def test_a_part_of_a_version_that_was_published_meanwhile_is_left_alone(
    store: ModelStore, publish: Publish, trained: Trained
) -> None:
    version = version_of(publish())
    key = model_key(version)
    kept = versions.write_part(store, version, key, b"mine", is_good=lambda _: False)
    assert kept == trained.model == store.get(key).body


@pytest.mark.parametrize("how", ["rolled back", "deleted"])
def test_a_version_taken_back_by_hand_does_not_come_back_by_itself(
    store: ModelStore, publish: Publish, how: str
) -> None:
    version = version_of(publish())
    other = versions.read_manifest(store, version).model_copy(update={"version": "other"})
    versions.write_manifest(store, other)
    store.put(model_key("other"), store.get(model_key(version)).body)
    deployment.rollback(store, to="other", by="test", reason="complaints")
    if how == "deleted":
        deletion.delete(store, version, by="test")
        assert version not in versions.published(store)
    before = store.get(CHAMPION)
    again = publish(NOON + timedelta(days=1))
    assert again.status == ("already published" if how == "rolled back" else "published")
    assert again.decision.rule == ("first champion" if how == "rolled back" else "abandoned")
    assert store.get(CHAMPION) == before
    assert version in versions.published(store)


def test_a_manifest_without_its_model_is_published_again(store: ModelStore, publish: Publish) -> None:
    version = version_of(publish())
    other = versions.read_manifest(store, version).model_copy(update={"version": "other"})
    versions.write_manifest(store, other)
    store.put(model_key("other"), store.get(model_key(version)).body)
    deployment.rollback(store, to="other", by="test", reason="complaints")
    # What a deletion leaves that comes between the two writes of a training that ends at this moment.
    store.delete(holdout_key(version))
    store.delete(model_key(version))
    again = publish()
    assert (again.status, again.decision.rule) == ("published", "abandoned")
    manifest = versions.read_manifest(store, version)
    assert versions.read_model(store, manifest)
    assert read_holdout(store, manifest).outcome


def test_a_version_tells_which_lines_of_its_dataset_it_was_made_from_and_how_they_ended(
    store: ModelStore, publish: Publish, titanic: Dataset, tmp_path: Path
) -> None:
    header, *rows = TITANIC.read_bytes().splitlines(keepends=True)
    path = tmp_path / "with-a-bad-row.csv"
    path.write_bytes(b"".join([header, *rows[:4], rows[4].replace(b"1,", b"9,", 1), *rows[4:]]))
    version = version_of(publish(path=path))
    manifest = versions.read_manifest(store, version)
    body = store.get(rows_key(version)).body
    assert sha256(body) == manifest.files["rows.json"].sha256
    sides = json.loads(body)
    lines = {side: [n for a, b in sides[side] for n in range(a, b + 1)] for side in ("train", "holdout")}
    # Line 1 is the header, line 6 the bad row.
    good = [2, 3, 4, 5, *range(7, len(rows) + 3)]
    assert sorted(lines["train"] + lines["holdout"]) == good
    held_out = zip(good, titanic.holdout, strict=True)
    assert lines["holdout"] == [line for line, is_held_out in held_out if is_held_out]
    facts = manifest.dataset
    assert (facts.rows, facts.rejected_rows, facts.positives) == (1309, 1, 500)
    assert facts.train_positives == titanic.train[1].sum()
    assert facts.holdout_positives == titanic.judged[1].sum()
    assert facts.representative_rows == 1309
    assert facts.lineage is None


def test_lines_that_are_neither_fitted_on_nor_held_out_are_on_no_side(
    store: ModelStore, publish: Publish, titanic: Dataset, tmp_path: Path
) -> None:
    header, *rows = TITANIC.read_text(encoding="utf-8").splitlines()
    path = tmp_path / "marked.csv"
    marked = [f"{header},representative", *(f"{row},{at % 2}" for at, row in enumerate(rows))]
    path.write_text("\n".join(marked), encoding="utf-8")
    version = version_of(publish(path=path))
    facts = versions.read_manifest(store, version).dataset
    held_out = [at for at in np.flatnonzero(titanic.holdout).tolist() if at % 2]
    assert (facts.rows, facts.representative_rows, facts.holdout_rows) == (1309, 654, len(held_out))
    assert facts.train_rows == (~titanic.holdout).sum()
    sides = json.loads(store.get(rows_key(version)).body)
    lines = {side: [n for a, b in sides[side] for n in range(a, b + 1)] for side in ("train", "holdout")}
    # Line 1 is the header.
    assert lines["train"] == [2 + at for at in np.flatnonzero(~titanic.holdout).tolist()]
    assert lines["holdout"] == [2 + at for at in held_out]


def test_a_version_tells_what_its_dataset_was_made_of(store: ModelStore, publish: Publish) -> None:
    version = version_of(publish(lineage=LINEAGE))
    assert versions.read_manifest(store, version).dataset.lineage == LINEAGE


def test_a_lineage_travels_as_metadata_whatever_the_name_of_the_file(
    store: ModelStore, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = to_metadata(LINEAGE)
    assert all(value.isascii() for value in metadata.values())
    store.create("datasets/made.csv", b"", metadata=metadata)
    assert from_metadata(store.head("datasets/made.csv").metadata) == LINEAGE
    assert from_metadata({}) is None
    assert capsys.readouterr().out == ""
    assert from_metadata({"lineage": "{}"}) is None
    assert "damaged" in capsys.readouterr().out


def test_an_answer_holds_the_rule_and_every_number_behind_it(store: ModelStore, publish: Publish) -> None:
    first = publish().answer()
    assert (first["status"], first["rule"], first["champion"]) == ("promoted", "first champion", None)
    assert first["numbers"]["roc_auc"] > first["limits"]["min_roc_auc"]
    again = publish().answer()
    assert again["status"] == "already published"
    assert first["reason"] in again["reason"]


def test_a_version_held_back_is_judged_again_under_other_limits(store: ModelStore, publish: Publish) -> None:
    strict = Limits(min_roc_auc=0.99)
    assert publish(limits=strict).decision.rule == "floor: ROC AUC"
    assert publish().status == "promoted"


def test_a_version_that_lost_is_not_judged_again_under_the_same_limits(
    store: ModelStore, publish: Publish
) -> None:
    version = version_of(publish())
    manifest = versions.read_manifest(store, version)
    lost = manifest.decision.model_copy(
        update={"promote": False, "champion": "other", "limits": Limits().as_numbers()}
    )
    body = manifest.model_copy(update={"decision": lost}).as_json()
    overwrite_manifest(store, version, body)
    store.put(manifest_key("other"), b"{}")
    store.delete(CHAMPION)
    deployment.promote(store, "other", expected=None, by="test", reason="")
    assert publish().status == "already published"
    # The manifest of "other" is damaged, so a judge would have let this version pass.
    assert publish(limits=Limits(margin=0.5)).status == "promoted"


@pytest.mark.parametrize("chances", [(-6.5, 7.5), (2.0, -1.0), (float("nan"), float("nan"))])
def test_a_graph_that_answers_no_probabilities_is_not_promoted(
    store: ModelStore, publish: Publish, chances: tuple[float, float]
) -> None:
    version = version_of(publish())
    graph = constant_graph(*chances)
    file = File(sha256=sha256(graph), size=len(graph))
    manifest = versions.read_manifest(store, version)
    changed = manifest.model_copy(update={"files": manifest.files | {"model.onnx": file}})
    store.put(model_key(version), graph)
    overwrite_manifest(store, version, changed.as_json())
    store.delete(CHAMPION)
    with pytest.raises(UnusableModel, match="no labels and probabilities"):
        publish()
    with pytest.raises(NotFound):
        store.get(CHAMPION)
